import Basics
import Configuration
import Linux

/// The CNAMEs that an instance of dnsmasq is given by others than us: in the file that it was started with, in its
/// conf-dir, in whatever those name with `conf-file` or `conf-dir`, and in `/etc/config/dhcp`, of which the next such file
/// is made. With a name that stands there and in our fragment, dnsmasq does not start ("duplicate CNAME").
///
/// Lines are understood as in dnsmasq's option.c (`read_file`, `one_opt`). No more than a piece of a file and one word are
/// in memory at a time: the lists of ad blockers have many megabytes.
public final class OtherCNAMEs {
    private enum Option {
        case cname, confFile, confDir
    }

    /// Those that are looked for, sorted.
    private let names: [ByteString]
    /// Where each of them is a CNAME: "FILE:LINE"; empty: nowhere.
    private var places: [ByteString]
    /// How long all files are together, in bytes.
    public private(set) var size = 0

    /// In the order in which they are read, each once.
    private var files: [ByteString] = []
    private var path: ByteString = ""
    private var line = 1
    /// The option of the line, once its `=` has come.
    private var option: Option?
    /// The word that goes on.
    private var word: [UInt8] = []
    /// The words before it, as far as they are needed yet.
    private var words: [ByteString] = []
    /// The `cname` line has a name already that is surely no target.
    private var hasName = false
    private var isAfterBlank = true
    /// Nothing in the rest of the line counts.
    private var isOver = false

    /// Reads all of it. A file that can't be read is none: dnsmasq is not our charge.
    ///
    /// - Parameters:
    ///   - names: What is looked for, in lower case.
    ///   - dhcp: What `/etc/config/dhcp` says.
    public init(_ names: [ByteString], in instance: Instance, _ dhcp: Reservations?) {
        self.names = names.sorted()
        places = names.map { _ in "" }
        for value in dhcp?.cnames ?? [] {
            (path, line, option) = (Reservations.path, value.line, .cname)
            take(value.text.bytes[...])
            endLine()
        }
        for file in instance.rendered { add(file.path) }
        addFolder([instance.confdir])
        var next = 0
        // There are never so many, unless somebody wants to keep us busy.
        while next < files.count, next < 1000 {
            read(files[next])
            next += 1
        }
    }

    /// Where the name is a CNAME: "FILE:LINE"; nil: nowhere.
    public func place(of name: ByteString) -> ByteString? {
        index(of: name).flatMap { places[$0].isEmpty ? nil : places[$0] }
    }

    private func index(of name: ByteString) -> Int? {
        let index = names.firstIndex(notBefore: name)
        return index < names.count && names[index] == name ? index : nil
    }

    private func add(_ file: ByteString) {
        if !files.contains(where: { $0 == file }) { files.append(file) }
    }

    /// - Parameter value: The folder, then the ends of names: those with a `*` in front are the only ones that are read, the
    ///   others are not.
    private func addFolder(_ value: [ByteString]) {
        let (any, hash, tilde) = (UInt8(ascii: "*"), UInt8(ascii: "#"), UInt8(ascii: "~"))
        func has(_ end: ByteString, _ name: ByteString) -> Bool {
            name.count > end.count && name.hasSuffix(end)
        }
        for name in (try? Files.names(in: value[0])) ?? [] where name != Fragment.name {
            let isBackup = name.bytes.last == tilde || name.bytes.first == hash && name.bytes.last == hash
            var (isAsked, isWanted, isUnwanted) = (false, false, false)
            for end in value.dropFirst() {
                if end.bytes.first == any {
                    isAsked = true
                    if has(ByteString(end.bytes.dropFirst()), name) { isWanted = true }
                } else if has(end, name) {
                    isUnwanted = true
                }
            }
            if !isBackup, !isUnwanted, !isAsked || isWanted { add("\(value[0])/\(name)") }
        }
    }

    private func read(_ path: ByteString) {
        guard let file = FileDescriptor.ofOthers(path), let status = try? file.status() else { return }
        size += status.size
        self.path = path
        line = 1
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while case .bytes(let count)? = try? file.read(into: &buffer) { take(buffer[..<count]) }
        endLine()
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        var next = bytes.startIndex
        while next < bytes.endIndex {
            if isOver {
                // Nearly all of a long list.
                while next < bytes.endIndex, bytes[next] != UInt8(ascii: "\n") { next += 1 }
                if next == bytes.endIndex { return }
            }
            let byte = bytes[next]
            next += 1
            let isBlank = byte.isSpace
            switch byte {
            case UInt8(ascii: "\n"):
                endLine()
                continue
            case UInt8(ascii: "#") where isAfterBlank:
                isOver = true
            case _ where isBlank, UInt8(ascii: "\""):
                break
            case UInt8(ascii: "=") where option == nil:
                switch ByteString(word) {
                case "cname": option = .cname
                case "conf-file": option = .confFile
                case "conf-dir": option = .confDir
                default: isOver = true
                }
                word = []
            case UInt8(ascii: ",") where option != nil:
                endWord()
            default:
                // All three begin with it.
                if option == nil, word.isEmpty, byte != UInt8(ascii: "c") { isOver = true }
                // No name and no path is longer.
                if word.count < 4096 { word.append(byte) }
            }
            isAfterBlank = isBlank
        }
    }

    private func endWord() {
        if option == .cname, !words.isEmpty {
            note(words.removeLast())
            hasName = true
        }
        if words.count < 100 { words.append(ByteString(word)) }
        word = []
    }

    private func endLine() {
        switch option {
        case .cname:
            // The last is the target; but a number behind two others is how long the answer holds.
            if let name = words.last, !hasName || !word.allSatisfy({ $0.isASCIIDigit }) { note(name) }
        case .confFile:
            add(words.first ?? ByteString(word))
        case .confDir:
            addFolder(words + [ByteString(word)])
        case nil: break
        }
        line += 1
        option = nil
        (word, words) = ([], [])
        (hasName, isAfterBlank, isOver) = (false, true, false)
    }

    private func note(_ name: ByteString) {
        // A dot at the end means the same.
        let bare = name.bytes.last == UInt8(ascii: ".") ? ByteString(name.bytes.dropLast()) : name
        if let index = index(of: bare.lowercased), places[index].isEmpty { places[index] = "\(path):\(line)" }
    }
}
