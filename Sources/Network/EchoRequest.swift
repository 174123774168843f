/// An ICMP or ICMPv6 echo request, and the reply that it gets: RFC 792 page 14, RFC 4443 section 4.
public final class EchoRequest: Sendable {
    public let address: Address
    /// The identifier and the sequence number, two bytes each; the reply repeats them.
    public let tag: [UInt8]

    /// - Parameter tag: 4 random bytes, so that nobody can forge the reply.
    public init(to address: Address, tag: [UInt8]) {
        precondition(tag.count == 4)
        self.address = address
        self.tag = tag
    }

    /// The message: type, code, checksum and tag, without data.
    public var bytes: [UInt8] {
        // The kernel fills in the checksum of ICMPv6: ipv6(7).
        guard address.isIPv4 else { return [128, 0, 0, 0] + tag }
        let sum = EchoRequest.checksum(([8, 0, 0, 0] + tag)[...])
        return [8, 0, UInt8(sum >> 8), UInt8(sum & 0xFF)] + tag
    }

    /// Whether `packet` is the reply. An IPv4 packet starts with its IP header (raw(7)), and nobody has checked its
    /// ICMP checksum yet. An IPv6 packet starts after the header, and the kernel has checked its checksum and, since
    /// the socket is connected, its source.
    public func isAnswered(by packet: ArraySlice<UInt8>) -> Bool {
        guard address.isIPv4 else { return isReply(packet, type: 129) }
        guard let first = packet.first, first >> 4 == 4 else { return false }
        let header = Int(first & 0x0F) * 4
        guard header >= 20, packet.dropFirst(12).prefix(4).elementsEqual(address.bytes) else { return false }
        let message = packet.dropFirst(header)
        return isReply(message, type: 0) && EchoRequest.checksum(message) == 0
    }

    private func isReply(_ message: ArraySlice<UInt8>, type: UInt8) -> Bool {
        message.count >= 8 && message.starts(with: [type, 0]) && message.dropFirst(4).starts(with: tag)
    }

    /// The Internet checksum (RFC 1071): the complement of the one's complement sum of all 16-bit words. It is 0 for a
    /// message whose own checksum is right.
    static func checksum(_ message: ArraySlice<UInt8>) -> UInt16 {
        var sum: UInt32 = 0
        for (index, byte) in message.enumerated() {
            sum += index % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte)
            sum = (sum & 0xFFFF) + sum >> 16
        }
        return ~UInt16(sum)
    }
}
