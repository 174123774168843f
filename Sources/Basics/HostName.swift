/// A host name that was checked at the door, in lower case, as DNS compares names (RFC 4343).
///
/// So it is fit for a file's name and for a line of dnsmasq's settings, and starts with no dot.
public struct HostName: Equatable, Sendable {
    public let text: ByteString

    /// - Returns: nil if it can't be a host name: see `ByteString.isHostName`.
    public init?(_ text: ByteString) {
        guard text.isHostName else { return nil }
        self.text = text.lowercased
    }
}

extension ByteString.StringInterpolation {
    public mutating func appendInterpolation(_ name: HostName) { appendInterpolation(name.text) }
}

extension ByteString {
    /// Labels of 1 to 63 letters, digits, `-` and `_`, none starting with `-`, joined by dots, 253 bytes in all:
    /// RFC 1035, section 2.3.4, and what dnsmasq lets through besides.
    public var isHostName: Bool {
        let dot = UInt8(ascii: ".")
        guard count <= 253, bytes.allSatisfy({ $0.isNameByte || $0 == dot }) else { return false }
        return !parts { $0 == dot }.contains { !(1...63).contains($0.count) || $0.hasPrefix("-") }
    }
}
