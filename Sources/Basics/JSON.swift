extension ByteString {
    /// As a string in UTF-8. U+FFFD stands for each part that is not valid, cut as the Unicode Standard (section 3.9) advises.
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

    /// An object of JSON (RFC 8259).
    /// - Parameters:
    ///   - names: Those of its members, with blanks between. They hold nothing to escape.
    ///   - values: For each name in turn, in JSON.
    public init(json names: ByteString, _ values: [ByteString]) {
        let names = names.words
        let members = names.indices.map { "\"\(names[$0])\":\(values[$0])" as ByteString }
        self = "{\(members.joined(separator: ","))}"
    }

    /// - Parameter values: In JSON.
    public init(jsonArray values: [ByteString]) { self = "[\(values.joined(separator: ","))]" }
}

extension Instant {
    /// In seconds since the clock's start.
    public var json: ByteString { ByteString(seconds: sinceStart) }
}

extension Optional where Wrapped == Instant {
    public var json: ByteString { self?.json ?? "null" }
}
