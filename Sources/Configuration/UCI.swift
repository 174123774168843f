import Basics

/// A file in OpenWrt's format. The grammar is as in libuci's file.c: words with quotes, a `\` that escapes a character
/// or joins two lines, `#` comments, and `;` between commands. Some input that libuci drops or refuses is accepted too:
/// quotes and joined lines around the first word of a line, and any command after a `;`.
public struct UCI {
    public final class Value: Sendable {
        public let text: ByteString
        public let line: Int

        public init(_ text: ByteString, line: Int) { (self.text, self.line) = (text, line) }
    }

    public final class Option {
        public let name: ByteString
        public fileprivate(set) var values: [Value] = []

        fileprivate init(_ name: ByteString) { self.name = name }

        /// The words of all values: OpenWrt's scripts treat a list and a value with blanks alike.
        public var words: [Value] {
            values.flatMap { value in
                value.text.parts(keepsEmpty: false) { $0.isSpace }.map { Value($0, line: value.line) }
            }
        }
    }

    public final class Section {
        public let type: ByteString
        /// nil for an anonymous section.
        public let name: ByteString?
        public fileprivate(set) var options: [Option] = []
        public let line: Int

        init(type: ByteString, name: ByteString?, line: Int) { (self.type, self.name, self.line) = (type, name, line) }

        public func values(of name: StaticString) -> [Value] { options.first { $0.name == name }?.values ?? [] }

        func add(_ name: ByteString, value: Value, isList: Bool) {
            let option = options.first { $0.name == name } ?? Option(name)
            if option.values.isEmpty { options.append(option) }
            if !isList { option.values = [] }
            option.values.append(value)
        }
    }

    public private(set) var sections: [Section] = []
    /// The section of the next option; after a fault, the section that it cut off.
    public private(set) var current: Section?
    public private(set) var fault: Finding?

    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        self.init(upToFault: text, file: file)
        if let fault { throw Fault(.settings, fault.message) }
    }

    /// Reads a text up to the first command with a fault.
    public init(upToFault text: ByteString, file: ByteString) {
        // The last line needs an end, even after a backslash.
        var scanner = Scanner(bytes: text.bytes + [10, 10], file: file)
        do throws(Finding) {
            while let words = try scanner.nextCommand() { try execute(words, file: file) }
        } catch {
            fault = error
        }
    }

    private mutating func execute(_ words: [Value], file: ByteString) throws(Finding) {
        func fault(_ text: ByteString) -> Finding { Finding(.fault, at: Place(file, line: words[0].line), text) }
        let first = words.count > 1 ? words[1].text : ""
        let second = words.count > 2 ? words[2].text : ""
        switch words[0].text {
        case "package", "p":
            guard words.count == 2, first.isIdentifier else { throw fault("a package is: package NAME") }
        case "config", "c":
            current = nil
            // Such as `wireguard_wg0.1`.
            guard words.count <= 3, !first.isEmpty, first.bytes.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw fault("a section is: config TYPE ['NAME']") }
            let name = second.isEmpty ? nil : second
            guard name?.isIdentifier ?? true else {
                // uci(1) and LuCI refuse the whole file for such a name.
                var message: ByteString = "a section's name is letters, digits and _: not '\(name!.printable())'"
                if first == "cname" { message += "; an alias can have it as its option name" }
                if first == "job" { message += "; a job's command is its option command, whatever its name" }
                throw fault(message)
            }
            // A name that occurs twice is one section.
            let known = name == nil ? nil : sections.first { $0.name == name }
            if let known, known.type != first {
                throw fault("section '\(second)' is a '\(known.type)' already, at line \(known.line)")
            }
            let section = known ?? Section(type: first, name: name, line: words[0].line)
            if known == nil { sections.append(section) }
            current = section
        case "option", "o", "list", "l":
            guard words.count <= 3, first.isIdentifier
            else { throw fault("an option is: option NAME 'VALUE', or: list NAME 'VALUE'") }
            guard let current else { throw fault("an option stands below a 'config' line") }
            // An `option` without a value is ignored. A `list` may have an empty value.
            let isList = words[0].text.hasPrefix("l")
            if !isList, second.isEmpty { return }
            current.add(first, value: Value(second, line: words[0].line), isList: isList)
        default: throw fault("'\(words[0].text.printable())': a line starts with config, option or list")
        }
    }
}

/// Cuts a UCI file into commands, and commands into words.
private struct Scanner {
    let bytes: [UInt8]
    let file: ByteString
    var position = 0
    var line = 1

    mutating func nextCommand() throws(Finding) -> [UCI.Value]? {
        var words: [UCI.Value] = []
        var word: [UInt8] = []
        // The line in which the word starts; 0 between words.
        var start = 0
        // The quote around the present byte; 0 outside quotes.
        var quote: UInt8 = 0
        while position < bytes.count {
            let byte = next()
            var taken: UInt8? = byte
            switch byte {
            case 0: throw Finding(.fault, at: Place(file, line: line), "a NUL byte, not text")
            case UInt8(ascii: "\\") where quote != UInt8(ascii: "'"):
                if joinsLines() { continue }
                // The next turn finds the NUL.
                taken = bytes[position] != 0 ? next() : nil
            case quote:
                quote = 0
                continue
            case _ where quote != 0: break
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                quote = byte
                taken = nil
            case _ where byte.isSpace || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "#"):
                if start > 0 { words.append(UCI.Value(ByteString(word), line: start)) }
                (word, start) = ([], 0)
                if byte == UInt8(ascii: "#") { position = bytes[position...].firstIndex(of: 10)! }
                if byte == UInt8(ascii: ";") || byte == 10, !words.isEmpty { return words }
                continue
            default: break
            }
            if start == 0 { start = line }
            if let taken { word.append(taken) }
            let end = bytes[position...].firstIndex { !$0.isNameByte } ?? bytes.count
            word += bytes[position..<end]
            position = end
        }
        if quote == 0 { return nil }
        // An unclosed quote reaches to the end of the file. The fault is at the start of the command.
        throw Finding(.fault, at: Place(file, line: words.first?.line ?? start), "a quote is not closed")
    }

    private mutating func next() -> UInt8 {
        position += 1
        if bytes[position - 1] == 10 { line += 1 }
        return bytes[position - 1]
    }

    private mutating func joinsLines() -> Bool {
        for end in ["\n", "\r\n"] as [ByteString] where bytes[position...].starts(with: end.bytes) {
            position += end.count
            line += 1
            return true
        }
        return false
    }
}

extension ByteString {
    /// Read as config_get_bool of OpenWrt's functions.sh does; nil for any other text.
    public var flag: Bool? {
        switch self {
        case "1", "on", "true", "yes", "enabled": true
        case "0", "off", "false", "no", "disabled": false
        default: nil
        }
    }
}
