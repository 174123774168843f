import Basics
import CLinux

/// An IPv4 or IPv6 address, or a prefix that DHCPv6 delegates: RFC 8415, section 4.2.
public struct Address: Equatable, Sendable {
    /// The address as it goes over the wire: 4 or 16 bytes. One byte more is the length of a prefix, in bits.
    public let bytes: [UInt8]

    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Reads an address, or a prefix such as `fd00::/64`.
    public init?(orPrefix text: ByteString) {
        let (address, length) = text.split(at: UInt8(ascii: "/")) ?? (text, "0")
        guard let whole = Address(address), let length = length.wholeNumber, length <= whole.bytes.count * 8
        else { return nil }
        bytes = address.count < text.count ? whole.bytes + [UInt8(length)] : whole.bytes
    }

    /// Reads an address as inet_pton(3) does; nil if it is neither IPv4 nor IPv6.
    public init?(_ text: ByteString) {
        var binary = [UInt8](repeating: 0, count: 16)
        if text.withCString({ inet_pton(AF_INET, $0, &binary) }) == 1 {
            bytes = Array(binary[..<4])
        } else if text.withCString({ inet_pton(AF_INET6, $0, &binary) }) == 1 {
            bytes = binary
        } else {
            return nil
        }
    }

    public var isIPv4: Bool { bytes.count < 16 }
    public var isPrefix: Bool { bytes.count % 4 == 1 }

    /// The one spelling of the address; a prefix has its length behind a slash.
    public var text: ByteString { isPrefix ? "\(address)/\(bytes[bytes.count - 1])" : address }

    /// As inet_ntop(3) writes it (RFC 5952, section 4). It is done here because musl's version would bring printf(3)
    /// onto a router.
    private var address: ByteString {
        if isIPv4 { return bytes.prefix(4).map { "\($0)" as ByteString }.joined(separator: ".") }
        let isMapped = bytes.starts(with: Array(repeating: 0, count: 10) + [0xFF, 0xFF])
        if isMapped, let inner = Address(bytes: bytes[12..<16]) { return "::ffff:\(inner.address)" }

        // "::" stands for the longest row of zero groups, the first of several, but never for a single one.
        var zeros = 8..<8
        var start = 0
        for index in 0..<8 {
            if group(index) != 0 { start = index + 1 }
            if index + 1 - start > max(1, zeros.count) { zeros = start..<(index + 1) }
        }
        var text: ByteString = ""
        for index in 0..<8 where !zeros.contains(index) {
            if index == zeros.upperBound { text += "::" } else if index > 0 { text += ":" }
            text += ByteString(hexadecimal: UInt64(group(index)), digits: 1)
        }
        return zeros.upperBound == 8 && !zeros.isEmpty ? text + "::" : text
    }

    /// One of the eight 16-bit groups of an IPv6 address.
    private func group(_ index: Int) -> UInt16 { UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1]) }
}

extension [Address] {
    /// The addresses, with a blank between two.
    public var text: ByteString { map { $0.text }.joined(separator: " ") }
}

extension ByteString.StringInterpolation {
    public mutating func appendInterpolation(_ address: Address) { appendInterpolation(address.text) }
}
