import Basics
import CLinux
import Linux

/// What the kernel's neighbour table (arp(7), RFC 4861 section 7.3.2) says of an address: the state of ip-neighbour(8).
public enum NeighbourState: Sendable {
    /// REACHABLE: it has answered the kernel within the last half minute or so.
    case reachable
    /// DELAY or PROBE: the kernel knew it before, has something to send to it, and is checking that it is still there.
    /// Within seconds this becomes REACHABLE or FAILED.
    case probing
    /// Anything else proves nothing: no entry, or one that is old, failed, not yet resolved, or made by hand.
    case other
}

/// The kernel's neighbour table.
public enum Neighbours {
    /// The states of IPv4 and IPv6 addresses, in the order given. If an address is known on several interfaces, its
    /// best state counts.
    ///
    /// - Throws: `system`, with the errno, if the kernel does not answer: rtnetlink(7).
    public static func states(of addresses: [ByteString]) throws(Fault) -> [NeighbourState] {
        guard !addresses.isEmpty else { return [] }
        let number = linux_route_socket()
        if number == -1 { throw fault(linux_errno()) }
        let socket = FileDescriptor(number: number)
        var dump = NeighbourDump()
        // Longer than any datagram in which the kernel sends the table: what does not fit would be lost (netlink(7)).
        var buffer = [UInt8](repeating: 0, count: 32768)
        do throws(Fault) {
            try socket.write(ByteString(NeighbourDump.request))
            while !dump.isOver {
                // Before a read returns, the kernel has the next part ready, so there is always something to read.
                guard case .bytes(let count) = try socket.read(into: &buffer) else { throw fault(EAGAIN) }
                try dump.take(buffer[..<count])
            }
        } catch {
            throw fault(error.errno)
        }
        return addresses.map { address in
            guard let address = Address(address) else { return .other }
            let states = dump.entries.filter { $0.address == address }.map { $0.state }
            return states.contains(.reachable) ? .reachable : states.contains(.probing) ? .probing : .other
        }
    }

    private static func fault(_ errno: Int32) -> Fault {
        Fault(.system, "can't read the neighbour table", system: errno)
    }
}
