import Basics
import CLinux
import CTestSupport

/// Asks a DNS server (RFC 1035) over one socket, as often as one likes. To be used in the network where the server is.
public final class Resolver {
    private let socket: Int32
    private var number: UInt16 = 0

    public init(_ server: String) throws {
        socket = datagram_socket(server, 53)
        if socket == -1 { throw Failure("can't reach \(server)") }
    }

    deinit { close(socket) }

    /// The addresses of a name, as they stand in the answer; nil if there is none within a second.
    public func addresses(of name: String, isIPv6: Bool = false) -> [String]? {
        number &+= 1
        var query: [UInt8] = [UInt8(number >> 8), UInt8(number & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for label in name.split(separator: ".") { query += [UInt8(label.utf8.count)] + Array(label.utf8) }
        let type: UInt8 = isIPv6 ? 28 : 1
        query += [0, 0, type, 0, 1]
        guard send(socket, query, query.count, 0) == query.count else { return nil }
        var answer = [UInt8](repeating: 0, count: 1500)
        repeat {
            let count = recv(socket, &answer, answer.count, 0)
            if count < query.count { return nil }
        } while answer[0] != query[0] || answer[1] != query[1]
        var addresses: [String] = []
        var place = query.count
        for _ in 0..<Int(answer[7]) {
            // A name is a pointer here, or labels.
            while answer[place] != 0, answer[place] < 0xC0 { place += Int(answer[place]) + 1 }
            place += answer[place] == 0 ? 1 : 2
            let length = Int(answer[place + 8]) << 8 | Int(answer[place + 9])
            if answer[place + 1] == type {
                var text = [CChar](repeating: 0, count: 64)
                inet_ntop(isIPv6 ? AF_INET6 : AF_INET, Array(answer[place + 10..<place + 10 + length]), &text, 64)
                addresses.append("\(ByteString(cString: text))")
            }
            place += 10 + length
        }
        return addresses
    }
}
