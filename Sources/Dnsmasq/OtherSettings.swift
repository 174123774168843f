import Basics
import Configuration
import Linux

/// The CNAMEs and domains of the instances that read one conf-dir, without our fragment: from the rendered files, the
/// conf-dir, the files and folders that these name, and `/etc/config/dhcp`, from which the next rendered file is made.
/// If a name is here and in our fragment, dnsmasq does not start ("duplicate CNAME").
///
/// Lines are read as in dnsmasq's option.c (`read_file`, `one_opt`), and only those that begin with `c` or `d`: the
/// lists of ad blockers have many megabytes. The result is saved as a small text, and holds until its key differs.
public final class OtherSettings {
    /// The saved text still holds.
    public let isKept: Bool
    /// The key, a digest of all inputs. Then `obstacle TEXT`, `domain VALUE`, `cname NAME FILE:LINE`.
    private var lines: [ByteString]
    private var files: [ByteString] = []

    /// Reads all files. A file that can't be read is skipped: dnsmasq reports it itself.
    /// - Parameters:
    ///   - dhcp: The contents of `/etc/config/dhcp`.
    ///   - isWanted: Returns whether a name, in lower case, is needed.
    public init(
        of rendered: [RenderedFile], confdir: ByteString, reservations dhcp: Reservations?, key: ByteString,
        obstacle: ByteString?, where isWanted: (ByteString) -> Bool
    ) {
        (lines, isKept) = ([key] + (obstacle.map { ["obstacle \($0)"] } ?? []), false)
        for value in dhcp?.cnames ?? [] {
            read(line: "cname=" + value.text, at: Place(Reservations.path, line: value.line), where: isWanted)
        }
        for file in rendered { add(file.path) }
        addFolder([confdir] + (rendered.first?.confdirFilter ?? []))
        var next = 0
        // More files mean an attack.
        while next < files.count, next < 1000 {
            read(file: files[next], isRendered: rendered.contains { $0.path == files[next] }, where: isWanted)
            next += 1
        }
    }

    /// Reads a saved text.
    /// - Returns: nil if the key differs.
    public init?(text: ByteString, key: ByteString) {
        (lines, isKept) = (text.lines, true)
        if lines.first != key { return nil }
    }

    public var text: ByteString { lines.joined(separator: "\n") }

    public var obstacle: ByteString? { lines.values(of: "obstacle ").first }

    /// The `domain=` lines of all files except the rendered files.
    public var domains: [Domain] { lines.values(of: "domain ").compactMap { Domain($0) } }

    /// Returns the "FILE:LINE" of the CNAME of that name; nil if there is none.
    public func place(of name: ByteString) -> ByteString? { cnames.isEmpty ? nil : cnames.values(of: name + " ").first }
    private lazy var cnames = lines.values(of: "cname ")

    private func add(_ file: ByteString) { if !files.contains(where: { $0 == file }) { files.append(file) } }

    /// - Parameter value: The folder, then the ends of names: see `RenderedFile.reads`.
    private func addFolder(_ value: [ByteString]) {
        let filter = Array(value.dropFirst())
        for name in (try? Files.names(in: value[0])) ?? []
        where name != Fragment.name && RenderedFile.reads(name, filter: filter) { add("\(value[0])/\(name)") }
    }

    private func read(file path: ByteString, isRendered: Bool, where isWanted: (ByteString) -> Bool) {
        guard let file = FileDescriptor.regularFile(at: path) else { return }
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var text: [UInt8] = []
        var line = 1
        var isOver = false
        func end() {
            let text = ByteString(text)
            if !text.isEmpty, !(isRendered && text.hasPrefix("domain")) {
                read(line: text, at: Place(path, line: line), where: isWanted)
            }
        }
        while let count = try? file.read(into: &buffer), count > 0 {
            for byte in buffer[..<count] {
                if byte == UInt8(ascii: "\n") {
                    end()
                    (text, line, isOver) = ([], line + 1, false)
                } else if isOver || byte == UInt8(ascii: "\"") || text.isEmpty && byte.isSpace {
                    continue
                } else if text.isEmpty
                    ? byte != UInt8(ascii: "c") && byte != UInt8(ascii: "d")
                    : byte == UInt8(ascii: "#") && text.last!.isSpace
                {
                    isOver = true
                } else if text.count < OtherSettings.longestLine {
                    text.append(byte)
                }
            }
        }
        end()
    }

    private static let longestLine = 1 << 20

    private func read(line text: ByteString, at place: Place, where isWanted: (ByteString) -> Bool) {
        guard let (option, value) = text.split(at: UInt8(ascii: "=")) else { return }
        var words = value.commaSeparated
        switch option.trimmed {
        case "cname":
            // The last word is the target, or the time to live after at least two names.
            if words.count > 2, words[words.count - 1].bytes.allSatisfy({ $0.isASCIIDigit }) { words.removeLast() }
            for word in words.dropLast() {
                // A dot at the end has no meaning.
                let name = word.withoutDot.lowercased
                if isWanted(name) { lines.append("cname \(name) \(place.text)") }
            }
        case "conf-file": add(words[0])
        case "conf-dir": addFolder(words)
        case "domain": lines.append("domain \(value.trimmed)")
        default: break
        }
    }
}
