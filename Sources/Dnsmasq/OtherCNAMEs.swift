import Basics
import Configuration
import Linux

/// The CNAMEs that an instance of dnsmasq is given by others than us: in the file that it was started with, in its
/// conf-dir, in whatever those name with `conf-file` or `conf-dir`, and in `/etc/config/dhcp`, of which the next such file
/// is made. With a name that stands there and in our fragment, dnsmasq does not start ("duplicate CNAME").
///
/// Lines are understood as in dnsmasq's option.c (`read_file`, `one_opt`). Only lines that begin with a `c` are kept while
/// they are read: the lists of ad blockers have many megabytes.
public final class OtherCNAMEs {
    /// Those that are looked for, sorted.
    private let names: [ByteString]
    /// Where each of them is a CNAME: "FILE:LINE"; empty: nowhere.
    private var places: [ByteString]
    /// In the order in which they are read, each once.
    private var files: [ByteString] = []

    /// Reads all of it. A file that can't be read is none: dnsmasq is not our charge.
    ///
    /// - Parameters:
    ///   - names: What is looked for, in lower case.
    ///   - dhcp: What `/etc/config/dhcp` says.
    public init(_ names: [ByteString], in instance: Instance, _ dhcp: Reservations?) {
        self.names = names.sorted()
        places = names.map { _ in "" }
        for value in dhcp?.cnames ?? [] {
            take("cname=" + value.text, Reservations.path, value.line)
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

    /// - Parameter value: The folder, then the ends of names: see `RenderedFile.reads`.
    private func addFolder(_ value: [ByteString]) {
        let filter = Array(value.dropFirst())
        for name in (try? Files.names(in: value[0])) ?? []
        where name != Fragment.name && RenderedFile.reads(name, filter: filter) {
            add("\(value[0])/\(name)")
        }
    }

    private func read(_ path: ByteString) {
        guard let file = FileDescriptor.ofOthers(path) else { return }
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var text: [UInt8] = []
        var line = 1
        // Nothing in the rest of the line counts.
        var isOver = false
        while case .bytes(let count)? = try? file.read(into: &buffer) {
            for byte in buffer[..<count] {
                if byte == UInt8(ascii: "\n") {
                    if !text.isEmpty { take(ByteString(text), path, line) }
                    (text, line, isOver) = ([], line + 1, false)
                } else if isOver || byte == UInt8(ascii: "\"") || text.isEmpty && byte.isSpace {
                    continue
                } else if text.isEmpty ? byte != UInt8(ascii: "c") : byte == UInt8(ascii: "#") && text.last!.isSpace {
                    isOver = true
                } else if text.count < OtherCNAMEs.longestLine {
                    text.append(byte)
                }
            }
        }
        take(ByteString(text), path, line)
    }

    /// In bytes.
    private static let longestLine = 1 << 20

    /// - Parameter text: A line without quotes and comment.
    private func take(_ text: ByteString, _ path: ByteString, _ line: Int) {
        guard let (option, value) = text.split(at: UInt8(ascii: "=")) else { return }
        var words = value.commaSeparated
        switch option.trimmed {
        case "cname":
            // The last is the target; but a number behind two others is how long the answer holds.
            if words.count > 2, words[words.count - 1].bytes.allSatisfy({ $0.isASCIIDigit }) { words.removeLast() }
            for word in words.dropLast() {
                // A dot at the end means the same.
                let name = word.hasSuffix(".") ? ByteString(word.bytes.dropLast()) : word
                if let index = index(of: name.lowercased), places[index].isEmpty { places[index] = "\(path):\(line)" }
            }
        case "conf-file": add(words[0])
        case "conf-dir": addFolder(words)
        default: break
        }
    }
}
