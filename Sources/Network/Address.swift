import Basics
import CLinux

/// An IPv4 or IPv6 address, or a prefix that DHCPv6 delegates (RFC 8415, section 4.2).
public struct Address: Equatable, Sendable {
    /// 4 or 16 bytes in network order; a prefix has another byte: its length in bits.
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

    /// Reads an address as inet_pton(3) does.
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

    /// The canonical text. A prefix ends with a slash and its length.
    public var text: ByteString { isPrefix ? "\(address)/\(bytes[bytes.count - 1])" : address }

    /// The text as in inet_ntop(3) (RFC 5952, section 4). musl's inet_ntop(3) brings printf(3) into the program.
    private var address: ByteString {
        if isIPv4 { return bytes.prefix(4).map { "\($0)" as ByteString }.joined(separator: ".") }
        let isMapped = bytes.starts(with: Array(repeating: 0, count: 10) + [0xFF, 0xFF])
        if isMapped, let inner = Address(bytes: bytes[12..<16]) { return "::ffff:\(inner.address)" }

        // "::" replaces the longest row of zero groups (the first of several), but never a single group.
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

    private func group(_ index: Int) -> UInt16 { UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1]) }
}

extension [Address] {
    public var text: ByteString { map { $0.text }.joined(separator: " ") }
}

extension ByteString.StringInterpolation {
    public mutating func appendInterpolation(_ address: Address) { appendInterpolation(address.text) }
}
