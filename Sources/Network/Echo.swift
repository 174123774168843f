import Basics
import CLinux
import Linux

/// Asks hosts whether they are there: one ICMP echo request each, as ping(8) sends them.
public enum Echo {
    /// Asks all `addresses` at once, and waits until all have answered or `timeout` has passed.
    ///
    /// Each address has a connected raw socket of its own, so that the kernel passes on only what that host sends. A
    /// host that can't be sent to, because there is no route or for any other reason, counts as silent.
    ///
    /// - Returns: Whether each of them answered.
    /// - Throws: `system`, with the errno: EPERM without CAP_NET_RAW, EMFILE if there are more addresses than we may
    ///   have open files.
    public static func answers(from addresses: [ByteString], within timeout: Duration) throws(Fault) -> [Bool] {
        var tag = [UInt8](repeating: 0, count: 4)
        getrandom(&tag, tag.count, 0)
        let requests = addresses.map { address in Address(address).map { EchoRequest(to: $0, tag: tag) } }
        var answered = addresses.map { _ in false }
        // -1: the host can't be sent to, or has answered.
        var sockets = addresses.map { _ in Int32(-1) }
        defer { for socket in sockets where socket != -1 { close(socket) } }
        for (index, request) in requests.enumerated() {
            if let request { sockets[index] = try send(request) }
        }

        let deadline = Process.now + timeout
        // Longer than the longest IPv4 header and a reply without data.
        var buffer = [UInt8](repeating: 0, count: 128)
        var isOver = false
        while !isOver, sockets.contains(where: { $0 != -1 }) {
            // When the time is over, look once more: answers may have come while we could not run.
            isOver = deadline <= Process.now
            let readable = Poll.readable(sockets, until: deadline)
            for index in sockets.indices where readable[index] {
                // It fails once if an ICMP error came back. That proves nothing: nobody knows who sent it.
                let count = recv(sockets[index], &buffer, buffer.count, 0)
                guard count > 0, requests[index]?.isAnswered(by: buffer[..<count]) == true else { continue }
                answered[index] = true
                close(sockets[index])
                sockets[index] = -1
            }
        }
        return answered
    }

    /// - Returns: The socket that the reply comes to, or -1 if the host can't be sent to.
    private static func send(_ request: EchoRequest) throws(Fault) -> Int32 {
        let socket = linux_echo_socket(request.address.isIPv4 ? 1 : 0)
        if socket == -1 { throw Fault(.system, "can't send ICMP echo requests", system: linux_errno()) }
        let bytes = request.bytes
        var failure: Int32 = 0
        guard linux_connect(socket, request.address.isIPv4 ? 1 : 0, request.address.bytes) == 0,
            retrying(failure: &failure, { CLinux.send(socket, bytes, bytes.count, 0) }) == bytes.count
        else {
            close(socket)
            return -1
        }
        return socket
    }
}
