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
        let first = words.count > 1 ? words[1].text : ""
        let second = words.count > 2 ? words[2].text : ""
        switch words[0].text {
        case "package", "p":
            guard words.count == 2, first.isIdentifier else { throw fault("a package is: package NAME") }
            return current
        case "config", "c":
            guard words.count <= 3, first.isType else { throw fault("a section is: config TYPE ['NAME']") }
            let name = second.isEmpty ? nil : second
            guard name?.isIdentifier ?? true else {
                throw fault("a section's name is letters, digits and _: not '\(name!.printable())'")
            }
            // A section that comes twice is one.
            if let name, let index = sections.firstIndex(where: { $0.name == name }) {
                guard sections[index].type == first else {
                    let other = sections[index]
                    throw fault("section '\(name)' is a '\(other.type)' already, at line \(other.line)")
                }
                return index
            }
            sections.append(Section(type: first, name: name, line: words[0].line))
            return sections.count - 1
        case "option", "o", "list", "l":
            guard words.count <= 3, first.isIdentifier else {
                throw fault("an option is: option NAME 'VALUE', or: list NAME 'VALUE'")
            }
            guard let current else { throw fault("an option stands below a 'config' line") }
            let value = Value(text: second, line: words[0].line)
            let isList = words[0].text.hasPrefix("l")
            // An empty option is none; an empty word of a list is one.
            if !isList, value.text.isEmpty { return current }
            if let index = sections[current].options.firstIndex(where: { $0.name == first }) {
                sections[current].options[index].values =
                    (isList ? sections[current].options[index].values : []) + [value]
            } else {
                sections[current].options.append(Option(name: first, values: [value]))
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
        var text = Array(run { !$0.endsRun })
        while true {
            switch peek() {
            case UInt8(ascii: "'")?, UInt8(ascii: "\"")?:
                text += try quoted(by: bytes[position])
            case UInt8(ascii: "\\")?:
                if !joinsLines() { text += escaped() }
            case 0?:
                throw nul()
            default:
                return ByteString(text)
            }
            text += run { !$0.endsRun }
        }
    }

    private mutating func quoted(by quote: UInt8) throws(Fault) -> [UInt8] {
        let start = line
        var text: [UInt8] = []
        // Only double quotes know the backslash.
        let escape = quote == UInt8(ascii: "\"") ? UInt8(ascii: "\\") : quote
        advance()
        while true {
            for byte in run(of: { $0 != quote && $0 != escape && $0 != 0 }) {
                if byte == UInt8(ascii: "\n") { line += 1 }
                text.append(byte)
            }
            switch peek() {
            case quote?:
                advance()
                return text
            case nil:
                throw Fault(.settings, "\(file):\(start): the quote is not closed")
            case 0?:
                throw nul()
            default:
                if !joinsLines() { text += escaped() }
            }
        }
    }

    /// Passes over a backslash and the byte behind it, which is taken as it is.
    private mutating func escaped() -> ArraySlice<UInt8> {
        advance()
        let start = position
        // Nowhere is a NUL text.
        if let byte = peek(), byte != 0 { advance() }
        return bytes[start..<position]
    }

    private func nul() -> Fault {
        Fault(.settings, "\(file):\(line): a NUL byte, not text")
    }

    /// Passes over all bytes that are of a kind. Who takes newlines counts them.
    private mutating func run(of isOfKind: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        position = bytes[start...].firstIndex { !isOfKind($0) } ?? bytes.count
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
            UInt8(ascii: "\\"), 0:
            true
        default: isBlank
        }
    }
}
