import Basics
import CLinux
import Linux

/// Messages to and from the kernel's tables of routes and neighbours: netlink(7), rtnetlink(7). The numbers come from
/// linux/netlink.h, linux/rtnetlink.h and linux/neighbour.h, which musl lacks. All are in the machine's byte order.
public enum RouteMessage {
    /// RTM_GETROUTE: a struct rtmsg (12 bytes: family, length of the destination in bits, …) and the attribute RTA_DST.
    public static func route(to address: Address) -> [UInt8] {
        let start = [address.family, UInt8(address.bytes.count * 8)] + [UInt8](repeating: 0, count: 10)
        return message(26, flags: 0x1, body: start + attribute(1, value: address.bytes))
    }

    public static func neighbour(_ address: Address, on link: Int32) -> [UInt8] {
        message(30, flags: 0x1, body: body(address, on: link))
    }

    /// RTM_NEWNEIGH with NUD_PROBE and NLM_F_REPLACE: 3 probes, a second apart. Fails for an unknown MAC address.
    public static func probe(_ address: Address, on link: Int32) -> [UInt8] {
        message(28, flags: 0x105, body: body(address, on: link, state: 0x10))
    }

    /// RTM_NEWNEIGH with NTF_USE and NLM_F_CREATE: 3 broadcasts, a second apart, unless the neighbour counts as known.
    public static func resolve(_ address: Address, on link: Int32) -> [UInt8] {
        message(28, flags: 0x405, body: body(address, on: link, flags: 1))
    }

    /// A struct ndmsg (12 bytes: family, padding, interface, state, flags, type) and the attribute NDA_DST.
    private static func body(_ address: Address, on link: Int32, state: UInt16 = 0, flags: UInt8 = 0) -> [UInt8] {
        [address.family, 0, 0, 0] + bytes(of: link) + bytes(of: state) + [flags, 0] + attribute(1, value: address.bytes)
    }

    /// A struct nlmsghdr: length, type, flags, and a sequence and port number, both unused.
    private static func message(_ type: UInt16, flags: UInt16, body: [UInt8]) -> [UInt8] {
        bytes(of: UInt32(16 + body.count)) + bytes(of: type) + bytes(of: flags) + [UInt8](repeating: 0, count: 8) + body
    }

    /// A struct rtattr: the length with this header, the type, and the value.
    private static func attribute(_ type: UInt16, value: [UInt8]) -> [UInt8] {
        bytes(of: UInt16(4 + value.count)) + bytes(of: type) + value
    }

    private static func bytes(of number: some FixedWidthInteger & BitwiseCopyable) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }

    /// States of a neighbour (NUD_…). Each is one bit.
    public static let reachable: UInt16 = 0x02
    static let failed: UInt16 = 0x20
    /// STALE, REACHABLE or DELAY: the kernel has heard the neighbour, perhaps long ago.
    static let heard: UInt16 = 0x04 | 0x02 | 0x08
    /// NOARP or PERMANENT: the kernel never probes the neighbour.
    static let fixed: UInt16 = 0x40 | 0x80

    /// A report of the kernel about a neighbour or a route.
    public struct Notice: Sendable {
        public var address: Address?
        public var state: UInt16 = 0
        /// The interface of a route that leads to a host without a gateway; else 0.
        public var link: Int32 = 0

        /// The answer by the state: `undecided` for STALE and DELAY; nil if the state tells nothing, as during a probe.
        public var answer: Answer? {
            switch state {
            case RouteMessage.reachable: .answered
            case RouteMessage.failed: .silent
            default: state & RouteMessage.heard == 0 ? nil : .undecided
            }
        }
    }

    /// Reads a datagram of the kernel.
    /// - Throws: `system`, with the errno that the kernel sent, or EBADMSG for a malformed datagram.
    public static func read(_ datagram: ArraySlice<UInt8>) throws(Fault) -> [Notice] {
        var rest = datagram
        var notices: [Notice] = []
        while !rest.isEmpty {
            guard let length = rest.number(at: 0, UInt32.self), let type = rest.number(at: 4, UInt16.self),
                length >= 16, length <= rest.count
            else { throw Fault(.system, "malformed message", system: EBADMSG) }
            let body = rest.prefix(Int(length)).dropFirst(16)
            switch type {
            case 2:
                // NLMSG_ERROR holds an errno: negative, or 0 for success.
                let result = body.number(at: 0, Int32.self) ?? .min
                if result != 0 { throw Fault(.system, "refused", system: result == .min ? EBADMSG : -result) }
            case 24: notices.append(Notice(link: link(in: body)))  // RTM_NEWROUTE
            case 28, 29:  // RTM_NEWNEIGH, RTM_DELNEIGH
                if let state = body.number(at: 8, UInt16.self), let value = attribute(1, in: body),
                    let address = Address(bytes: value)
                {
                    // A removed neighbour, as after its link went down, counts as failed.
                    notices.append(Notice(address: address, state: type == 28 ? state : failed))
                }
            default: break
            }
            rest = rest.dropFirst(aligned(length))
        }
        return notices
    }

    /// RTA_OIF of a route of the type RTN_UNICAST (the eighth byte) without RTA_GATEWAY and RTA_VIA; else 0.
    private static func link(in route: ArraySlice<UInt8>) -> Int32 {
        let isDirect =
            route.dropFirst(7).first == 1 && attribute(5, in: route) == nil && attribute(18, in: route) == nil
        return isDirect ? attribute(4, in: route)?.number(at: 0, Int32.self) ?? 0 : 0
    }

    private static func attribute(_ type: UInt16, in body: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = body.dropFirst(12)
        while let length = rest.number(at: 0, UInt16.self), length >= 4, length <= rest.count {
            if rest.number(at: 2, UInt16.self) == type { return rest.prefix(Int(length)).dropFirst(4) }
            rest = rest.dropFirst(aligned(length))
        }
        return nil
    }

    /// NLMSG_ALIGN: rounds up to a multiple of 4, where the next message or attribute starts.
    private static func aligned(_ length: some BinaryInteger) -> Int { (Int(length) + 3) & ~3 }
}

extension Address {
    fileprivate var family: UInt8 { isIPv4 ? 2 : 10 }
}

extension ArraySlice<UInt8> {
    /// The number at `offset`, in the machine's byte order; nil if the slice is too short.
    fileprivate func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, _: Number.Type) -> Number? {
        guard offset + MemoryLayout<Number>.size <= count else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }
}
