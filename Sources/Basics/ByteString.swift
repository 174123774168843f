/// Text as bytes: host names, paths, lines of files. `String` would bring its Unicode tables onto a router.
public struct ByteString: Equatable, Sendable {
    public private(set) var bytes: [UInt8]

    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public init(cString: UnsafePointer<CChar>) {
        var count = 0
        while cString[count] != 0 { count += 1 }
        bytes = Array(UnsafeRawBufferPointer(start: cString, count: count))
    }

    public var isEmpty: Bool { bytes.isEmpty }
    public var count: Int { bytes.count }

    @_disfavoredOverload
    @inline(never) public static func == (left: ByteString, right: ByteString) -> Bool { left.bytes == right.bytes }

    @inline(never)
    public static func + (left: ByteString, right: ByteString) -> ByteString { ByteString(left.bytes + right.bytes) }

    @inline(never) public static func += (left: inout ByteString, right: ByteString) { left.bytes += right.bytes }

    /// Compares with a literal without a copy. `@_disfavoredOverload` above gives literals to this operator.
    @inline(never) public static func == (text: ByteString, literal: StaticString) -> Bool {
        text.count == literal.utf8.count && text.hasPrefix(literal)
    }

    public static func ~= (literal: StaticString, text: ByteString) -> Bool { text == literal }

    @_disfavoredOverload public func hasPrefix(_ prefix: ByteString) -> Bool { bytes.starts(with: prefix.bytes) }

    @inline(never) public func hasPrefix(_ literal: StaticString) -> Bool { bytes.starts(with: literal.utf8) }

    /// Whether the text sorts before `other`, byte by byte. Faster than the library's function.
    func precedes(_ other: ByteString) -> Bool {
        bytes.withUnsafeBufferPointer { one in
            other.bytes.withUnsafeBufferPointer { other in
                var index = 0
                while index < one.count, index < other.count, one[index] == other[index] { index += 1 }
                return index < other.count && (index == one.count || one[index] < other[index])
            }
        }
    }

    public func hasSuffix(_ suffix: ByteString) -> Bool { bytes.suffix(suffix.count).elementsEqual(suffix.bytes) }

    /// The offset at which `part`, which must not be empty, first occurs.
    public func firstIndex(of part: ByteString) -> Int? {
        bytes.withUnsafeBufferPointer { bytes in
            part.bytes.withUnsafeBufferPointer { part in
                let (first, last) = (part[0], bytes.count - part.count)
                var start = 0
                while start <= last {
                    if bytes[start] == first {
                        var length = 1
                        while length < part.count, bytes[start + length] == part[length] { length += 1 }
                        if length == part.count { return start }
                    }
                    start += 1
                }
                return nil
            }
        }
    }

    public func split(at separator: UInt8) -> (before: ByteString, after: ByteString)? {
        guard let index = bytes.firstIndex(of: separator) else { return nil }
        return (ByteString(bytes[..<index]), ByteString(bytes[(index + 1)...]))
    }

    /// The lines, without newlines. Text after the last newline is a line if it is not empty.
    public var lines: [ByteString] {
        var lines = parts { $0 == UInt8(ascii: "\n") }
        if lines[lines.count - 1].isEmpty { lines.removeLast() }
        return lines
    }

    public var words: [ByteString] { parts(keepsEmpty: false) { $0.isBlank } }

    /// The text before the first `#`, or the whole text.
    public var uncommented: ByteString { split(at: UInt8(ascii: "#"))?.before ?? self }

    /// The parts between separators. Less code than the library's `split`.
    public func parts(keepsEmpty: Bool = true, separatedBy isSeparator: (UInt8) -> Bool) -> [ByteString] {
        var parts: [ByteString] = []
        var start = 0
        for index in 0...bytes.count where index == bytes.count || isSeparator(bytes[index]) {
            if keepsEmpty || start < index { parts.append(ByteString(bytes[start..<index])) }
            start = index + 1
        }
        return parts
    }

    /// Calls `body` with the range of each line that has more than `wanted` words, and with the range of the word
    /// number `wanted`, counted from 0. Spaces and control characters separate words.
    public func forEachLine(word wanted: Int, _ body: (Range<Int>, Range<Int>) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            var (line, word, count, place) = (0, 0, 0, 0..<0)
            var end = -1
            while end < bytes.count {
                end += 1
                while end < bytes.count, bytes[end] > 0x20 { end += 1 }
                if word < end {
                    if count == wanted { place = word..<end }
                    count += 1
                }
                word = end + 1
                if end < bytes.count, bytes[end] != UInt8(ascii: "\n") { continue }
                if count > wanted { body(line..<end, place) }
                (line, count) = (word, 0)
            }
        }
    }

    /// The text with ASCII's letters in lower case: DNS ignores their case (RFC 4343).
    public var lowercased: ByteString {
        var lower = self
        for index in bytes.indices where bytes[index].isASCIIUppercase { lower.bytes[index] += 32 }
        return lower
    }

    /// Whether uci(1) takes the text as the name of a section or an option: letters, digits and `_`.
    public var isIdentifier: Bool { !isEmpty && bytes.allSatisfy { $0.isNameByte && $0 != UInt8(ascii: "-") } }

    /// The text for a log or a terminal: at most `limit` bytes, then `...`. Bytes outside printable ASCII become `?`.
    public func printable(limit: Int = 80) -> ByteString {
        var shown = Array(bytes.prefix(limit)).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        if bytes.count > limit { shown += Array(repeating: UInt8(ascii: "."), count: 3) }
        return ByteString(shown)
    }

    public func padded(to width: Int, with filler: UInt8 = UInt8(ascii: " ")) -> ByteString {
        ByteString(bytes + Array(repeating: filler, count: max(0, width - count)))
    }

    /// Calls `body` with a C string of the bytes, which must not contain NUL: arguments and checked names never do.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 1) { terminated in
            let end = terminated.initialize(fromContentsOf: bytes)
            terminated.initializeElement(at: end, to: 0)
            return terminated.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
        }
    }
}

extension ByteString: ExpressibleByStringInterpolation {
    @inline(never) public init(stringLiteral literal: StaticString) { bytes = Array(literal.utf8) }

    public init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }

    public struct StringInterpolation: StringInterpolationProtocol {
        public typealias StringLiteralType = StaticString
        var bytes: [UInt8] = []

        public init(literalCapacity: Int, interpolationCount: Int) {}

        @inline(never) public mutating func appendLiteral(_ literal: StaticString) {
            reserve()
            bytes += literal.utf8
        }

        public mutating func appendInterpolation(literal: StaticString) { appendLiteral(literal) }

        @inline(never) public mutating func appendInterpolation(_ text: ByteString) {
            reserve()
            bytes += text.bytes
        }

        private mutating func reserve() { if bytes.isEmpty { bytes.reserveCapacity(64) } }

        public mutating func appendInterpolation(_ number: some BinaryInteger) {
            appendInterpolation(ByteString(decimal: number))
        }

        /// Appends seconds, as in the settings: `10`, `0.25`.
        @inline(never)
        public mutating func appendInterpolation(_ duration: Duration) { bytes += ByteString(seconds: duration).bytes }
    }
}

extension Array where Element == ByteString {
    /// Joins the first `limit` texts, and adds how many are left out: `and N more`.
    public func joined(separator: ByteString, limit: Int = .max) -> ByteString {
        var joined = ByteString("")
        for (index, part) in enumerated() {
            if index == limit { return "\(joined) and \(count - limit) more" }
            if index > 0 { joined += separator }
            joined += part
        }
        return joined
    }

    /// The first ten texts with commas, and how many are left out.
    public var listed: ByteString { joined(separator: ", ", limit: 10) }
}

extension UInt8 {
    public var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    var isASCIIUppercase: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    public var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    public var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }

    /// White space, as in isspace(3) with the locale C.
    public var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

    /// A byte of a host name: a letter, a digit, `-` or `_`.
    public var isNameByte: Bool {
        isASCIILetter || isASCIIDigit || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }
}

extension StaticString {
    /// The bytes of a literal, without the library's check for a single Unicode scalar, which no literal here is.
    @inline(__always) var utf8: UnsafeBufferPointer<UInt8> {
        let (start, count, _) = unsafeBitCast(self, to: (UnsafePointer<UInt8>, Int, UInt8).self)
        return UnsafeBufferPointer(start: start, count: count)
    }
}
