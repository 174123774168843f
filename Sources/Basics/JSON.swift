/// RFC 8259, as far as we write it.
extension ByteString {
    /// As a string. What we show holds no control characters but the tab; bytes beyond ASCII pass as they are.
    public var json: ByteString {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\t"): text += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            default: text.append(byte)
            }
        }
        return "\"\(ByteString(text))\""
    }

    /// - Parameter members: Names, and values in JSON.
    public init(jsonObject members: [(name: StaticString, value: ByteString)]) {
        let texts = members.map { ByteString(stringLiteral: $0.name).json + ":" + $0.value }
        self = "{" + texts.joined(separator: ",") + "}"
    }

    /// - Parameter values: In JSON.
    public init(jsonArray values: [ByteString]) {
        self = "[" + values.joined(separator: ",") + "]"
    }
}

extension Instant {
    /// In seconds since the clock's start.
    public var json: ByteString { ByteString(seconds: sinceStart) }
}

extension Optional where Wrapped == Instant {
    public var json: ByteString { self?.json ?? "null" }
}
