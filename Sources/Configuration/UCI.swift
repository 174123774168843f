import Basics

/// A file in OpenWrt's format: sections of options. The grammar is that of libuci's file.c: words that may be
/// quoted, `\` that takes the next character as it is and joins lines, `#` comments, `;` between commands. What that
/// takes means the same here; beyond it, this takes `-` in names, quotes and joins around the first word of a line, and
/// whatever follows a `;` (of which libuci drops or refuses some).
public struct UCI: Equatable, Sendable {
    public struct Value: Equatable, Sendable {
        public var text: ByteString
        /// Counted from 1.
        public var line: Int
    }

    public struct Option: Equatable, Sendable {
        public let name: ByteString
        /// One for an `option`, any number for a `list`.
        public var values: [Value]
    }

    public struct Section: Equatable, Sendable {
        public let type: ByteString
        /// nil: anonymous.
        public let name: ByteString?
        public var options: [Option] = []
        public let line: Int
    }

    public private(set) var sections: [Section] = []

    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        var scanner = Scanner(bytes: text.bytes, file: file)
        var current: Int?
        while let words = try scanner.nextCommand() {
            current = try obey(words, current, file)
        }
    }

    /// - Returns: The section that the next options belong to.
    private mutating func obey(_ words: [Value], _ current: Int?, _ file: ByteString) throws(Fault) -> Int? {
        func fault(_ message: ByteString) -> Fault {
            Fault(.settings, "\(file):\(words[0].line): \(message)")
        }
        let arguments = words.dropFirst().map { $0.text }
        switch words[0].text {
        case "package", "p":
            guard arguments.count == 1, arguments[0].isIdentifier else { throw fault("a package is: package NAME") }
            return current
        case "config", "c":
            guard (1...2).contains(arguments.count), arguments[0].isType else {
                throw fault("a section is: config TYPE ['NAME']")
            }
            let name = arguments.count == 2 && !arguments[1].isEmpty ? arguments[1] : nil
            guard name?.isIdentifier ?? true else {
                throw fault("a section's name is letters, digits and _: not '\(name!.printable())'")
            }
            // A section that comes twice is one.
            if let name, let index = sections.firstIndex(where: { $0.name == name }) {
                guard sections[index].type == arguments[0] else {
                    let other = sections[index]
                    throw fault("section '\(name)' is a '\(other.type)' already, at line \(other.line)")
                }
                return index
            }
            sections.append(Section(type: arguments[0], name: name, line: words[0].line))
            return sections.count - 1
        case "option", "o", "list", "l":
            guard (1...2).contains(arguments.count), arguments[0].isIdentifier else {
                throw fault("an option is: option NAME 'VALUE', or: list NAME 'VALUE'")
            }
            guard let current else { throw fault("an option stands below a 'config' line") }
            let value = Value(text: arguments.count == 2 ? arguments[1] : "", line: words[0].line)
            let isList = words[0].text.hasPrefix("l")
            // An empty option is none; an empty word of a list is one.
            if !isList, value.text.isEmpty { return current }
            if let index = sections[current].options.firstIndex(where: { $0.name == arguments[0] }) {
                sections[current].options[index].values =
                    (isList ? sections[current].options[index].values : []) + [value]
            } else {
                sections[current].options.append(Option(name: arguments[0], values: [value]))
            }
            return current
        default:
            throw fault("'\(words[0].text.printable())': a line starts with config, option or list")
        }
    }
}

extension ByteString {
    /// What UCI allows as a name, and `-`, which it does not.
    fileprivate var isIdentifier: Bool { !isEmpty && bytes.allSatisfy { $0.isNameByte } }

    /// What UCI allows as a section's type, such as `wireguard_wg0.1`.
    fileprivate var isType: Bool { !isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) } }
}

/// Cuts a UCI file into commands, and those into words.
private struct Scanner {
    let bytes: [UInt8]
    let file: ByteString
    var position = 0
    var line = 1

    /// The words of the next command that has any; nil at the end.
    mutating func nextCommand() throws(Fault) -> [UCI.Value]? {
        var words: [UCI.Value] = []
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: ";"):
                advance()
                if !words.isEmpty { return words }
            case UInt8(ascii: "#"):
                _ = run { $0 != UInt8(ascii: "\n") }
            case _ where byte.isBlank:
                advance()
            case UInt8(ascii: "\\") where joinsLines():
                break
            default:
                let start = line
                words.append(UCI.Value(text: try word(), line: start))
            }
        }
        return words.isEmpty ? nil : words
    }

    private mutating func word() throws(Fault) -> ByteString {
        var text: [UInt8] = []
        while true {
            text += run { !$0.endsRun }
            switch peek() {
            case UInt8(ascii: "'")?, UInt8(ascii: "\"")?:
                text += try quoted(by: bytes[position])
            case UInt8(ascii: "\\")?:
                if !joinsLines() { text += escaped() }
            default:
                guard !text.contains(0) else { throw Fault(.settings, "\(file):\(line): a NUL byte, not text") }
                return ByteString(text)
            }
        }
    }

    private mutating func quoted(by quote: UInt8) throws(Fault) -> [UInt8] {
        let start = line
        var text: [UInt8] = []
        // Only double quotes know the backslash.
        let escape = quote == UInt8(ascii: "\"") ? UInt8(ascii: "\\") : quote
        advance()
        while true {
            text += run { $0 != quote && $0 != escape }
            switch peek() {
            case quote?:
                advance()
                return text
            case nil:
                throw Fault(.settings, "\(file):\(start): the quote is not closed")
            default:
                if !joinsLines() { text += escaped() }
            }
        }
    }

    /// Passes over a backslash and the byte behind it, which is taken as it is.
    private mutating func escaped() -> ArraySlice<UInt8> {
        advance()
        if peek() == nil { return [] }
        advance()
        return bytes[(position - 1)..<position]
    }

    /// Passes over all bytes that are of a kind.
    private mutating func run(of isOfKind: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while let byte = peek(), isOfKind(byte) { advance() }
        return bytes[start..<position]
    }

    /// Passes over a backslash at the end of a line, if there is one here.
    private mutating func joinsLines() -> Bool {
        let rest = bytes[position...]
        for end: [UInt8] in [[0x5C, 0x0A], [0x5C, 0x0D, 0x0A]] where rest.starts(with: end) {
            for _ in end { advance() }
            return true
        }
        return false
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func advance() {
        if bytes[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }
}

extension UInt8 {
    /// White space of isspace(3) but the newline.
    fileprivate var isBlank: Bool {
        self == 0x20 || self == 0x09 || (0x0B...0x0D).contains(self)
    }

    /// What a plain part of a word does not hold.
    fileprivate var endsRun: Bool {
        switch self {
        case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: "#"), UInt8(ascii: "'"), UInt8(ascii: "\""),
            UInt8(ascii: "\\"):
            true
        default: isBlank
        }
    }
}
