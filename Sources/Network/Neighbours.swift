import Basics
import CLinux
import Linux

/// Probes hosts on the router's links by ARP (RFC 826) or neighbour discovery (RFC 4861). The kernel sends the questions, and
/// reports each answer and each silence: rtnetlink(7), RTNLGRP_NEIGH. Every host must answer, even behind a firewall that
/// drops echo requests.
public struct Neighbours: ~Copyable {
    /// What the kernel tells by itself.
    private let news: FileDescriptor
    /// For requests, each of which is answered at once.
    private let requests: FileDescriptor

    /// - Throws: `system`, with the errno.
    public init() throws(Fault) {
        let news = try FileDescriptor(linux_neighbour_socket(), to: "ask the kernel for neighbours")
        requests = try FileDescriptor(linux_route_socket(), to: "ask the kernel for neighbours")
        self.news = news
    }

    /// Readable when the kernel has news.
    public var number: Int32 { news.number }

    /// Has the kernel ask a host, whatever it remembers of it. Within three seconds and a bit it tells what came of it.
    /// - Returns: false if the host is on no link of ours, or somebody has said by hand where it is: then nobody is asked.
    /// - Throws: `system`, with the errno: EPERM without CAP_NET_ADMIN.
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
            // The link has just gone down, or there can be no such neighbour.
            if error.errno != EPERM { return false }
            throw Fault(.system, "can't ask the kernel for neighbours", system: error.errno)
        }
        return true
    }

    /// - Returns: The kernel's answer, nil if it only says that it has done so.
    private func call(_ message: [UInt8]) throws(Fault) -> RouteMessage.Notice? {
        try requests.write(ByteString(message))
        return try read(requests).first
    }

    /// What the kernel has told since of hosts, which it may have asked.
    /// - Throws: `system`, with ENOBUFS if it had more to tell than there is room for.
    public func readNotices() throws(Fault) -> [RouteMessage.Notice] { try read(news) }

    private func read(_ socket: borrowing FileDescriptor) throws(Fault) -> [RouteMessage.Notice] {
        // Longer than any datagram of the kernel's about one route or neighbour.
        var buffer = [UInt8](repeating: 0, count: 4096)
        return try RouteMessage.read(buffer[..<(socket.read(into: &buffer) ?? 0)])
    }
}
