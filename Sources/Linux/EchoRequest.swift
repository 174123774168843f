/// An ICMP or ICMPv6 echo request, and the reply that it gets: RFC 792 page 14, RFC 4443 section 4.
public struct EchoRequest: Sendable {
    public let address: Address
    /// Identifier and sequence number, two bytes each, which come back in the reply.
    public let tag: [UInt8]

    /// - Parameter tag: 4 bytes that nobody else can know.
    public init(to address: Address, tag: [UInt8]) {
        precondition(tag.count == 4)
        self.address = address
        self.tag = tag
    }

    /// Type, code, checksum, tag; no data.
    public var bytes: [UInt8] {
        // The kernel fills in the checksum of ICMPv6: ipv6(7).
        guard address.isIPv4 else { return [128, 0, 0, 0] + tag }
        let sum = EchoRequest.checksum(([8, 0, 0, 0] + tag)[...])
        return [8, 0, UInt8(sum >> 8), UInt8(sum & 0xFF)] + tag
    }

    /// Whether `packet` is the reply. For IPv4 it starts with the IP header (raw(7)), and nobody has looked at its ICMP
    /// checksum yet; for IPv6 it starts after it, and the kernel has, as at its source (a connected socket).
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

    /// The complement of the sum of all 16-bit words in one's complement; 0 over a message that has its checksum in it.
    /// RFC 1071.
    static func checksum(_ message: ArraySlice<UInt8>) -> UInt16 {
        var sum: UInt32 = 0
        for (index, byte) in message.enumerated() {
            sum += index % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte)
            sum = (sum & 0xFFFF) + sum >> 16
        }
        return ~UInt16(sum)
    }
}
