import Basics
import CLinux
import Linux

/// The kernel's answer to a request for its neighbour table (netlink(7); rtnetlink(7), RTM_GETNEIGH), put together from
/// its datagrams as they come. All numbers are in the machine's byte order.
///
/// musl has no kernel headers, so the offsets and numbers of linux/netlink.h, linux/rtnetlink.h and linux/neighbour.h
/// are repeated here.
public struct NeighbourDump {
    /// The neighbours in the states REACHABLE, DELAY and PROBE; no other state proves anything.
    public private(set) var entries: [Neighbour] = []
    public final class Neighbour: Sendable {
        public let address: Address
        public let state: NeighbourState

        init(_ address: Address, _ state: NeighbourState) {
            self.address = address
            self.state = state
        }
    }

    /// Whether the kernel has said that this is all.
    public private(set) var isOver = false

    public init() {}

    /// Asks for the whole table, IPv4 and IPv6: a struct nlmsghdr (length; type RTM_GETNEIGH; flags NLM_F_REQUEST and
    /// NLM_F_DUMP; a sequence and a port number, not used here) and a struct ndmsg of zeros.
    public static var request: [UInt8] {
        bytes(of: UInt32(28)) + bytes(of: UInt16(30)) + bytes(of: UInt16(0x301)) + [UInt8](repeating: 0, count: 8 + 12)
    }

    /// Takes the next datagram.
    ///
    /// - Throws: `system`, with the errno that the kernel gave, or EBADMSG if the bytes are no such answer.
    public mutating func take(_ datagram: ArraySlice<UInt8>) throws(Fault) {
        var rest = datagram
        while !rest.isEmpty, !isOver {
            guard let length = rest.number(at: 0, UInt32.self), let type = rest.number(at: 4, UInt16.self),
                length >= 16, length <= rest.count
            else { throw Fault(.system, "malformed message", system: EBADMSG) }
            let body = rest.prefix(Int(length)).dropFirst(16)
            switch type {
            case 2, 3:
                // NLMSG_ERROR and NLMSG_DONE hold an errno: negative, or 0 for success.
                let result = body.number(at: 0, Int32.self) ?? 0
                if result != 0 { throw Fault(.system, "refused", system: result == .min ? EBADMSG : -result) }
                isOver = true
            case 28: takeNeighbour(body)  // RTM_NEWNEIGH
            default: break
            }
            rest = rest.dropFirst(Int(length).aligned)
        }
    }

    /// Takes one neighbour: a struct ndmsg (12 bytes: family, padding, interface, state at 8, flags, type), then
    /// attributes. Each is a struct rtattr (a length that includes this struct, and a type) and its value.
    private mutating func takeNeighbour(_ message: ArraySlice<UInt8>) {
        guard let number = message.number(at: 8, UInt16.self) else { return }
        let state: NeighbourState
        switch number {
        case 0x02: state = .reachable
        case 0x08, 0x10: state = .probing
        default: return
        }
        var rest = message.dropFirst(12)
        while let length = rest.number(at: 0, UInt16.self), let type = rest.number(at: 2, UInt16.self),
            length >= 4, length <= rest.count
        {
            // NDA_DST is the neighbour's address.
            if type == 1, let address = Address(bytes: rest.prefix(Int(length)).dropFirst(4)) {
                entries.append(Neighbour(address, state))
                return
            }
            rest = rest.dropFirst(Int(length).aligned)
        }
    }

    private static func bytes(of number: some FixedWidthInteger & BitwiseCopyable) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }
}

extension Int {
    /// Rounded up to a multiple of 4, where the next message or attribute starts (NLMSG_ALIGN).
    fileprivate var aligned: Int { (self + 3) & ~3 }
}

extension ArraySlice<UInt8> {
    /// The number `offset` bytes from the start, in the machine's byte order; nil if the slice ends before it does.
    fileprivate func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, _: Number.Type) -> Number? {
        guard offset + MemoryLayout<Number>.size <= count else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }
}
