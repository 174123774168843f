import Basics
import CLinux
import CTestSupport

/// Queries a DNS server (RFC 1035) over one socket, in the network of the thread that makes the resolver.
public final class Resolver {
    private let socket: Int32
    private let tries: Int
    private var number: UInt16 = 0

    /// - Parameters:
    ///   - seconds: How long one query waits for its answer. A busy server answers late.
    ///   - tries: How often a query is sent. A server that ends leaves unread queries without an answer.
    public init(_ server: String, within seconds: Int32 = 1, tries: Int = 1) throws {
        self.tries = tries
        socket = datagram_socket(server, 53, seconds)
        if socket == -1 { throw Failure("can't reach \(server)") }
    }

    deinit { close(socket) }

    /// Returns the addresses of a name, in the order of the answer; nil if no answer came in time.
    public func addresses(of name: String, isIPv6: Bool = false) -> [String]? {
        records(of: name, isIPv6: isIPv6)?.filter { $0.last != "." }
    }

    /// Returns the names that an alias leads to, each with a dot at its end, and the addresses: in the order of the
    /// answer.
    ///
    /// - Returns: nil if no answer came in time.
    public func records(of name: String, isIPv6: Bool = false) -> [String]? {
        number &+= 1
        var query: [UInt8] = [UInt8(number >> 8), UInt8(number & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for label in name.split(separator: ".") { query += [UInt8(label.utf8.count)] + Array(label.utf8) }
        let type: UInt8 = isIPv6 ? 28 : 1
        query += [0, 0, type, 0, 1]
        var answer = [UInt8](repeating: 0, count: 1500)
        var count = 0
        for _ in 0..<tries where count < query.count {
            guard send(socket, query, query.count, 0) == query.count else { return nil }
            repeat {
                count = recv(socket, &answer, answer.count, 0)
                // No server listens.
                if count < 0, linux_errno() == ECONNREFUSED { return nil }
            } while count >= query.count && (answer[0] != query[0] || answer[1] != query[1])
        }
        guard count >= query.count else { return nil }
        return answer.withUnsafeBufferPointer { answer in
            let start = answer.baseAddress!
            var records: [String] = []
            var place = query.count
            var text = [CChar](repeating: 0, count: 1025)
            func name(at place: Int) -> Int {
                Int(dn_expand(start, start + count, start + place, &text, 1025))
            }
            for _ in 0..<Int(answer[7]) {
                place += name(at: place) + 10
                let length = Int(answer[place - 2]) << 8 | Int(answer[place - 1])
                switch answer[place - 9] {
                case type:
                    inet_ntop(isIPv6 ? AF_INET6 : AF_INET, start + place, &text, 64)
                    records.append("\(ByteString(cString: text))")
                case 5:
                    _ = name(at: place)
                    records.append("\(ByteString(cString: text)).")
                default: break
                }
                place += length
            }
            return records
        }
    }
}
