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
    /// As a string. Bytes beyond ASCII pass as they are.
    public var json: ByteString {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case ..<0x20:
                text += ("\\u00" as ByteString).bytes + [UInt8(hexDigit: byte >> 4), UInt8(hexDigit: byte & 15)]
            default: text.append(byte)
            }
        }
        return "\"\(ByteString(text))\""
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
