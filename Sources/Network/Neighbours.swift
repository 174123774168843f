import Basics
import CLinux
import Linux

/// Probes hosts on the router's links by ARP (RFC 826) or neighbour discovery (RFC 4861), which firewalls let through.
/// The kernel sends the probes, and reports answers and silence: rtnetlink(7).
public struct Neighbours: ~Copyable {
    private let news: FileDescriptor
    private let requests: FileDescriptor

    /// - Throws: `system`, with the errno.
    public init() throws(Fault) {
        let news = try FileDescriptor(linux_neighbour_socket(), to: "ask the kernel for neighbours")
        requests = try FileDescriptor(linux_route_socket(), to: "ask the kernel for neighbours")
        self.news = news
    }

    public var number: Int32 { news.number }

    /// Makes the kernel probe a host, even a reachable host, and report the result within little more than 3 s.
    /// - Returns: false if the host is on no link of the router, or if the kernel can't probe it (a permanent entry).
    /// - Throws: `system`, with the errno EPERM, without CAP_NET_ADMIN.
    public func ask(_ address: Address) throws(Fault) -> Bool {
        guard let route = try? call(RouteMessage.route(to: address)), route.link != 0 else { return false }
        let known = try? call(RouteMessage.neighbour(address, on: route.link))
        if let known, known.state & RouteMessage.fixed != 0 { return false }
        do throws(Fault) {
            do throws(Fault) {
                _ = try call(RouteMessage.probe(address, on: route.link))
            } catch  where error.errno == ENOENT || error.errno == EINVAL {
                _ = try call(RouteMessage.resolve(address, on: route.link))
            }
        } catch {
            // The link has just gone down, or the address can't be a neighbour.
            if error.errno != EPERM { return false }
            throw Fault(.system, "can't ask the kernel for neighbours", system: error.errno)
        }
        return true
    }

    /// - Returns: The kernel's answer; nil for a mere acknowledgement.
    private func call(_ message: [UInt8]) throws(Fault) -> RouteMessage.Notice? {
        try requests.write(ByteString(message))
        return try read(requests).first
    }

    /// Reads the kernel's reports about hosts, some of which the kernel probed for its own reasons.
    /// - Throws: `system`, with the errno: ENOBUFS if reports were lost.
    public func readNotices() throws(Fault) -> [RouteMessage.Notice] { try read(news) }

    private func read(_ socket: borrowing FileDescriptor) throws(Fault) -> [RouteMessage.Notice] {
        // Longer than the kernel's datagrams about one route or neighbour.
        var buffer = [UInt8](repeating: 0, count: 4096)
        return try RouteMessage.read(buffer[..<(socket.read(into: &buffer) ?? 0)])
    }
}
