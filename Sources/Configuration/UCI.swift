import Basics

/// A file in OpenWrt's format: sections of options. The grammar is that of libuci's file.c: words that may be quoted, a
/// `\` that takes the next character as it is or joins two lines, `#` comments, and `;` between commands. Whatever
/// libuci accepts means the same here. This also accepts what libuci partly drops or refuses: quotes and joined lines
/// around the first word of a line, and any command after a `;`.
///
/// Its parts are classes, though they never change once they are read, because arrays of pointers take less code.
public struct UCI {
    public final class Value: Sendable {
        public let text: ByteString
        /// Counted from 1.
        public let line: Int

        public init(_ text: ByteString, line: Int) {
            self.text = text
            self.line = line
        }
    }

    public final class Option {
        public let name: ByteString
        /// An `option` has one, a `list` any number.
        public fileprivate(set) var values: [Value] = []

        fileprivate init(_ name: ByteString) {
            self.name = name
        }

        /// The words of all values: OpenWrt's scripts make no difference between a list and one value with blanks.
        public var words: [Value] {
            var words: [Value] = []
            for value in values {
                for word in value.text.parts(separatedBy: { $0.isSpace })
                where !word.isEmpty { words.append(Value(word, line: value.line)) }
            }
            return words
        }
    }

    public final class Section {
        public let type: ByteString
        /// nil if the section is anonymous.
        public let name: ByteString?
        public fileprivate(set) var options: [Option] = []
        public let line: Int

        fileprivate init(_ type: ByteString, _ name: ByteString?, line: Int) {
            self.type = type
            self.name = name
            self.line = line
        }
    }

    public private(set) var sections: [Section] = []
    /// The section that the next option belongs to. After a fault: the section that it cut off.
    public private(set) var current: Section?

    /// Reads the text of a file.
    ///
    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        var fault: Finding?
        self.init(text, file: file, upTo: &fault)
        if let fault { throw Fault(.settings, fault.message) }
    }

    /// Reads the text of a file up to the first command with a fault.
    ///
    /// - Parameter fault: What is wrong, what is allowed; unchanged if nothing is wrong.
    public init(_ text: ByteString, file: ByteString, upTo fault: inout Finding?) {
        var scanner = Scanner(bytes: text.bytes, file: file)
        do throws(Finding) {
            while let words = try scanner.nextCommand() { try obey(words, file) }
        } catch {
            fault = error
        }
    }

    /// Carries out one command.
    private mutating func obey(_ words: [Value], _ file: ByteString) throws(Finding) {
        func fault(_ text: ByteString) -> Finding { Finding(.fault, Place(file, words[0].line), text) }
        let first = words.count > 1 ? words[1].text : ""
        let second = words.count > 2 ? words[2].text : ""
        switch words[0].text {
        case "package", "p":
            guard words.count == 2, first.isIdentifier else { throw fault("a package is: package NAME") }
        case "config", "c":
            current = nil
            guard words.count <= 3, first.isType else { throw fault("a section is: config TYPE ['NAME']") }
            let name = second.isEmpty ? nil : second
            guard name?.isIdentifier ?? true else {
                // uci(1) and LuCI refuse the whole file for such a name.
                var message: ByteString = "a section's name is letters, digits and _: not '\(name!.printable())'"
                if first == "cname" { message += "; an alias can have it as its option name" }
                if first == "job" { message += "; a job's command is its option command, whatever its name" }
                throw fault(message)
            }
            // A section that occurs twice is one section.
            if let name, let other = sections.first(where: { $0.name == name }) {
                guard other.type == first else {
                    throw fault("section '\(name)' is a '\(other.type)' already, at line \(other.line)")
                }
                current = other
                return
            }
            let section = Section(first, name, line: words[0].line)
            sections.append(section)
            current = section
        case "option", "o", "list", "l":
            guard words.count <= 3, first.isIdentifier else {
                throw fault("an option is: option NAME 'VALUE', or: list NAME 'VALUE'")
            }
            guard let current else { throw fault("an option stands below a 'config' line") }
            // An option without a value is ignored, but a list may hold an empty value.
            let isList = words[0].text.hasPrefix("l")
            if !isList, second.isEmpty { return }
            let option = current.options.first { $0.name == first } ?? Option(first)
            if option.values.isEmpty { current.options.append(option) }
            if !isList { option.values = [] }
            option.values.append(Value(second, line: words[0].line))
        default:
            throw fault("'\(words[0].text.printable())': a line starts with config, option or list")
        }
    }
}

extension ByteString {
    /// Whether UCI allows it as the type of a section, such as `wireguard_wg0.1`.
    fileprivate var isType: Bool { !isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) } }
}

/// Cuts a UCI file into commands, and commands into words.
private struct Scanner {
    let bytes: [UInt8]
    let file: ByteString
    var position = 0
    var line = 1
    /// Where the command starts.
    var start = 1

    /// The words of the next command that has any; nil at the end.
    mutating func nextCommand() throws(Finding) -> [UCI.Value]? {
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
                let line = line
                if words.isEmpty { start = line }
                words.append(UCI.Value(try word(), line: line))
            }
        }
        return words.isEmpty ? nil : words
    }

    private mutating func word() throws(Finding) -> ByteString {
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

    private mutating func quoted(by quote: UInt8) throws(Finding) -> [UInt8] {
        var text: [UInt8] = []
        // A backslash means something only between double quotes.
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
                // After an apostrophe too many, the command goes on to the end of the file: the fault is where it starts.
                throw Finding(.fault, Place(file, start), "a quote is not closed")
            case 0?:
                throw nul()
            default:
                if !joinsLines() { text += escaped() }
            }
        }
    }

    /// Skips a backslash, and takes the byte after it as it is.
    private mutating func escaped() -> ArraySlice<UInt8> {
        advance()
        let start = position
        // A NUL is never text: whoever reads on finds it and says so.
        if let byte = peek(), byte != 0 { advance() }
        return bytes[start..<position]
    }

    private func nul() -> Finding { Finding(.fault, Place(file, line), "a NUL byte, not text") }

    /// Takes all bytes up to the first that is not of the kind. A caller that takes newlines has to count them.
    private mutating func run(of isOfKind: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        position = bytes[start...].firstIndex { !isOfKind($0) } ?? bytes.count
        return bytes[start..<position]
    }

    /// Skips a backslash and the end of the line after it, if they are here.
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
    /// Whether isspace(3) calls it white space; but a newline is not blank.
    fileprivate var isBlank: Bool {
        isSpace && self != UInt8(ascii: "\n")
    }

    /// Whether it ends the part of a word that means just what it says.
    fileprivate var endsRun: Bool {
        switch self {
        case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: "#"), UInt8(ascii: "'"), UInt8(ascii: "\""),
            UInt8(ascii: "\\"), 0:
            true
        default: isBlank
        }
    }
}
