import Basics
import CLinux

public enum Network {
    /// An IPv4 or IPv6 address in the one spelling of inet_ntop(3); nil if inet_pton(3) knows it as neither.
    public static func canonical(address: ByteString) -> ByteString? {
        guard let binary = Address(address) else { return nil }
        // Of IPv4 there is no other spelling.
        return binary.isIPv4 ? address : binary.text
    }
}

/// An IPv4 or IPv6 address as it goes over the wire: 4 or 16 bytes.
public struct Address: Equatable, Sendable {
    public let bytes: [UInt8]

    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// inet_pton(3); nil if that knows it as neither.
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

    public var isIPv4: Bool { bytes.count == 4 }

    /// As inet_ntop(3) writes it (RFC 5952, section 4), but without the printf(3) that musl's would bring onto a router.
    public var text: ByteString {
        if isIPv4 { return bytes.map { "\($0)" as ByteString }.joined(separator: ".") }
        let isMapped = bytes.starts(with: Array(repeating: 0, count: 10) + [0xFF, 0xFF])
        if isMapped, let inner = Address(bytes: bytes[12...]) { return "::ffff:\(inner.text)" }

        // The first of the longest runs of zeros is left out, if it is longer than one.
        var zeros = 8..<8
        var start = 0
        for index in 0..<8 {
            if group(index) != 0 { start = index + 1 }
            if index + 1 - start > max(1, zeros.count) { zeros = start..<(index + 1) }
        }
        var text: ByteString = ""
        for index in 0..<8 where !zeros.contains(index) {
            if index == zeros.upperBound { text += "::" } else if index > 0 { text += ":" }
            text += Address.hexadecimal(group(index))
        }
        return zeros.upperBound == 8 && !zeros.isEmpty ? text + "::" : text
    }

    /// One of the eight words of an IPv6 address.
    private func group(_ index: Int) -> UInt16 {
        UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1])
    }

    /// Without leading zeros, in lower case.
    private static func hexadecimal(_ group: UInt16) -> ByteString {
        var digits: [UInt8] = []
        var rest = group
        repeat {
            digits.append(UInt8(hexDigit: UInt8(rest & 0xF)))
            rest >>= 4
        } while rest > 0
        return ByteString(digits.reversed())
    }
}
