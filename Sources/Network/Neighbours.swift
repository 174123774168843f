import Basics
import CLinux
import Linux

/// Asks hosts on our links whether they are there, by ARP (RFC 826) or neighbour discovery (RFC 4861): the kernel does it,
/// and tells what became of it (rtnetlink(7), RTNLGRP_NEIGH). Every host has to answer, whatever its firewall thinks of
/// echo requests.
public struct Neighbours: ~Copyable {
    /// What the kernel tells by itself.
    private let news: FileDescriptor
    /// For requests, each of which is answered at once.
    private let requests: FileDescriptor

    /// - Throws: `system`, with the errno.
    public init() throws(Fault) {
        let news = try Neighbours.socket(linux_neighbour_socket())
        requests = try Neighbours.socket(linux_route_socket())
        self.news = news
    }

    private static func socket(_ number: Int32) throws(Fault) -> FileDescriptor {
        if number == -1 { throw Neighbours.fault(linux_errno()) }
        return FileDescriptor(number: number)
    }

    private static func fault(_ errno: Int32) -> Fault {
        Fault(.system, "can't ask the kernel for neighbours", system: errno)
    }

    /// Readable when the kernel has news.
    public var number: Int32 { news.number }

    /// Has the kernel ask a host, whatever it remembers of it. Within three seconds and a bit it tells what came of it.
    ///
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
        } catch  where error.errno != EPERM {
            // The link has just gone down, or there can be no such neighbour.
            return false
        }
        return true
    }

    /// - Returns: The kernel's answer, nil if it only says that it has done so.
    private func call(_ message: [UInt8]) throws(Fault) -> RouteMessage.Notice? {
        do throws(Fault) {
            try requests.write(ByteString(message))
            return try read(requests).first
        } catch {
            throw Neighbours.fault(error.errno)
        }
    }

    /// What a host has just shown, without or after being asked.
    public struct News: Sendable {
        public let address: Address
        /// `answered` or `silent`; `undecided` if it was only heard.
        public let answer: Answer
    }

    /// What the kernel has told since.
    ///
    /// - Throws: `system`, with ENOBUFS if it had more to tell than there is room for.
    public func take() throws(Fault) -> [News] {
        try read(news).compactMap { notice in
            guard let address = notice.address else { return nil }
            switch notice.state {
            case RouteMessage.reachable: return News(address: address, answer: .answered)
            case RouteMessage.failed: return News(address: address, answer: .silent)
            case let state: return state & RouteMessage.heard == 0 ? nil : News(address: address, answer: .undecided)
            }
        }
    }

    private func read(_ socket: borrowing FileDescriptor) throws(Fault) -> [RouteMessage.Notice] {
        // Longer than any datagram of the kernel's about one route or neighbour.
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard case .bytes(let count) = try socket.read(into: &buffer) else { return [] }
        return try RouteMessage.read(buffer[..<count])
    }
}
