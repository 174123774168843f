/// A valid host name in lower case. Safe as a file name (no leading dot) and in a line of dnsmasq's settings.
public struct HostName: Equatable, Sendable {
    public let text: ByteString

    public init?(_ text: ByteString) {
        guard text.isHostName else { return nil }
        self.text = text.lowercased
    }
}

extension ByteString.StringInterpolation {
    public mutating func appendInterpolation(_ name: HostName) { appendInterpolation(name.text) }
}

extension ByteString {
    /// Whether the text is at most 253 bytes long, and consists of labels with dots between them: RFC 1035, section
    /// 2.3.4. A label has 1 to 63 letters, digits, `-` and `_` (dnsmasq allows these), and does not start with `-`.
    public var isHostName: Bool {
        let dot = UInt8(ascii: ".")
        guard count <= 253, bytes.allSatisfy({ $0.isNameByte || $0 == dot }) else { return false }
        return !parts { $0 == dot }.contains { !(1...63).contains($0.count) || $0.hasPrefix("-") }
    }
}
