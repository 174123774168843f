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
        guard count <= 253 else { return false }
        let dot = UInt8(ascii: ".")
        var start = 0
        for end in 0...count where end == count || bytes[end] == dot {
            guard (1...63).contains(end - start), bytes[start] != UInt8(ascii: "-") else { return false }
            start = end + 1
        }
        return bytes.allSatisfy { $0.isNameByte || $0 == dot }
    }
}
