extension ByteString {
    /// The text as a JSON string in UTF-8. U+FFFD replaces each invalid part (Unicode Standard, section 3.9).
    public var json: ByteString {
        var text: [UInt8] = [UInt8(ascii: "\"")]
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        while true {
            switch parser.parseScalar(from: &rest) {
            case .emptyInput: return ByteString(text + [UInt8(ascii: "\"")])
            case .error: text += [0xEF, 0xBF, 0xBD]
            case .valid(let character):
                let byte = character.first!
                if byte < 0x20 {
                    text += ("\\u" + ByteString(hexadecimal: UInt64(byte), digits: 4)).bytes
                } else {
                    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
                    text += character
                }
            }
        }
    }

    /// A JSON object (RFC 8259) of `names`, separated by spaces and without escapes, and their `values`, in JSON.
    public init(json names: ByteString, _ values: [ByteString]) {
        let names = names.words
        let members = names.indices.map { "\"\(names[$0])\":\(values[$0])" as ByteString }
        self = "{\(members.joined(separator: ","))}"
    }

    public init(jsonArray values: [ByteString]) { self = "[\(values.joined(separator: ","))]" }
}

extension Instant {
    /// Seconds since the clock's start.
    public var json: ByteString { ByteString(seconds: sinceStart) }
}

extension Optional where Wrapped == Instant {
    public var json: ByteString { self?.json ?? "null" }
}
