/// An object of JSON (RFC 8259), member by member.
public struct JSONObject {
    private var members: [ByteString] = []

    public init() {}

    /// - Parameters:
    ///   - name: Holds nothing to escape.
    ///   - value: In JSON.
    @inline(never)
    public mutating func add(name: ByteString, _ value: ByteString) {
        members.append("\"\(name)\":\(value)")
    }

    /// - Parameter value: In JSON.
    @inline(never)
    public mutating func add(_ name: StaticString, _ value: ByteString) {
        add(name: ByteString(stringLiteral: name), value)
    }

    @inline(never)
    public mutating func add(_ name: StaticString, _ number: Int) {
        add(name, ByteString(decimal: number))
    }

    public var json: ByteString { ByteString("{", members, "}") }
}

extension ByteString {
    /// As a string in UTF-8. U+FFFD stands for each part that is not valid, cut as the Unicode Standard (section 3.9) advises.
    public var json: ByteString {
        var text: [UInt8] = []
        var index = 0
        while index < count {
            let (length, isValid) = sequence(at: index)
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case ..<0x20:
                text += ("\\u00" as ByteString).bytes + [UInt8(hexDigit: byte >> 4), UInt8(hexDigit: byte & 15)]
            default: text += isValid ? bytes[index..<(index + length)] : [0xEF, 0xBF, 0xBD]
            }
            index += length
        }
        return "\"\(ByteString(text))\""
    }

    /// The bytes at `index` that can begin one character in UTF-8, and whether they are all of it (RFC 3629, section 4).
    private func sequence(at index: Int) -> (length: Int, isValid: Bool) {
        // E0 and F0 could be overlong, ED a surrogate, F4 above U+10FFFF.
        let (whole, second): (Int, ClosedRange<UInt8>) =
            switch bytes[index] {
            case ..<0x80: (1, 0x80...0xBF)
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            default: (0, 0x80...0xBF)
            }
        var length = 1
        while length < whole, index + length < count,
            (length == 1 ? second : 0x80...0xBF).contains(bytes[index + length])
        { length += 1 }
        return (length, length == whole)
    }

    /// - Parameter values: In JSON.
    public init(jsonArray values: [ByteString]) {
        self.init("[", values, "]")
    }

    @inline(never)
    fileprivate init(_ start: StaticString, _ parts: [ByteString], _ end: StaticString) {
        self = "\(literal: start)\(parts.joined(separator: ","))\(literal: end)"
    }
}

extension Instant {
    /// In seconds since the clock's start.
    public var json: ByteString { ByteString(seconds: sinceStart) }
}

extension Optional where Wrapped == Instant {
    public var json: ByteString { self?.json ?? "null" }
}
