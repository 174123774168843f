import Basics
import Configuration
import Linux

/// The CNAMEs and domains from all other settings of the instances that read one conf-dir: the rendered files, the
/// conf-dir, each file that `conf-file` or `conf-dir` names, and `/etc/config/dhcp`. A name that is also in our
/// fragment keeps dnsmasq from starting ("duplicate CNAME").
///
/// Lines are parsed as in dnsmasq's option.c (`read_file`, `one_opt`). Ad blockers' lists have many megabytes, so
/// reading keeps only lines that begin with `c` or `d`, and the result is saved with a key.
public final class OtherSettings {
    public let isKept: Bool
    /// The key of the sources, then `obstacle TEXT`, `domain VALUE`, `cname NAME FILE:LINE`.
    private var lines: [ByteString]
    private var files: [ByteString] = []

    /// Reads all files. Skips unreadable files, which dnsmasq reports itself. `isWanted` gets a name in lower case.
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
        // Limits the work for settings with endless files.
        while next < files.count, next < 1000 {
            read(file: files[next], isRendered: rendered.contains { $0.path == files[next] }, where: isWanted)
            next += 1
        }
    }

    /// Restores a saved text. Returns nil if its key differs.
    public init?(text: ByteString, key: ByteString) {
        (lines, isKept) = (text.lines, true)
        if lines.first != key { return nil }
    }

    public var text: ByteString { lines.joined(separator: "\n") }

    /// Why dnsmasq can't follow a folder; nil if it can or need not.
    public var obstacle: ByteString? { lines.values(of: "obstacle ").first }

    /// The `domain=` lines of all files except the rendered ones.
    public var domains: [Domain] { lines.values(of: "domain ").compactMap { Domain($0) } }

    /// "FILE:LINE" of the CNAME of that name.
    public func place(of name: ByteString) -> ByteString? { cnames.isEmpty ? nil : cnames.values(of: name + " ").first }
    private lazy var cnames = lines.values(of: "cname ")

    private func add(_ file: ByteString) { if !files.contains(where: { $0 == file }) { files.append(file) } }

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

    /// In bytes.
    private static let longestLine = 1 << 20

    private func read(line text: ByteString, at place: Place, where isWanted: (ByteString) -> Bool) {
        guard let (option, value) = text.split(at: UInt8(ascii: "=")) else { return }
        var words = value.commaSeparated
        switch option.trimmed {
        case "cname":
            // The last word is the target. A number after two other words is the time to live.
            if words.count > 2, words[words.count - 1].bytes.allSatisfy({ $0.isASCIIDigit }) { words.removeLast() }
            for word in words.dropLast() {
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
