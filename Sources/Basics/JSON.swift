/// An object of JSON (RFC 8259), member by member.
public struct JSONObject {
    private var members: [ByteString] = []

    public init() {}

    /// - Parameters:
    ///   - name: Holds nothing to escape.
    ///   - value: In JSON.
    @inline(never)
    public mutating func add(name: ByteString, _ value: ByteString) { members.append("\"\(name)\":\(value)") }

    /// - Parameter value: In JSON.
    @inline(never)
    public mutating func add(_ name: StaticString, _ value: ByteString) {
        add(name: ByteString(stringLiteral: name), value)
    }

    public var json: ByteString { "{\(members.joined(separator: ","))}" }
}

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
