import Basics
import CLinux
import Network
import TestSupport
import Testing

/// Datagrams in which the kernel tells of routes and neighbours: rtnetlink(7).
@Suite struct RouteMessageTests {
    private static func bytes(_ numbers: any FixedWidthInteger...) -> [UInt8] {
        numbers.flatMap { number in withUnsafeBytes(of: number) { Array($0) } }
    }

    private static func message(_ type: UInt16, _ body: [UInt8], length: UInt32? = nil) -> [UInt8] {
        bytes(length ?? UInt32(16 + body.count), type, UInt16(2), UInt32(0), UInt32(0)) + body
            + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
    }

    private static func attribute(_ type: UInt16, _ value: [UInt8], length: UInt16? = nil) -> [UInt8] {
        bytes(length ?? UInt16(4 + value.count), type) + value + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }

    /// A message about one neighbour (RTM_NEWNEIGH).
    private static func neighbour(state: UInt16, _ attributes: [UInt8]) -> [UInt8] {
        message(28, bytes(UInt8(2), UInt8(0), UInt16(0), Int32(3), state, UInt8(0), UInt8(1)) + attributes)
    }

    /// A message about one route (RTM_NEWROUTE).
    private static func route(_ attributes: [UInt8], type: UInt8 = 1) -> [UInt8] {
        message(24, [2, 32, 0, 0, 254, 0, 0, type, 0, 0, 0, 0] + attributes)
    }

    private static let hardware = attribute(2, [2, 0, 0, 0, 0, 1])
    private static let ipv4 = attribute(1, [10, 0, 0, 1])
    private static let ipv6 = attribute(1, [0xFD] + [UInt8](repeating: 0, count: 14) + [1])
    private static let out = attribute(4, bytes(Int32(7)))
    private static let all =
        neighbour(state: 0x02, hardware + ipv4) + neighbour(state: 0x20, ipv6 + hardware) + route(out)

    /// Returns the notices as text, and the errno or 0.
    private func read(_ datagram: [UInt8]) -> (notices: [String], errno: Int32) {
        do throws(Fault) {
            let notices = try RouteMessage.read(datagram[...]).map { notice in
                notice.address.map { "\($0.text) \(notice.state)" } ?? "link \(notice.link)"
            }
            return (notices, 0)
        } catch {
            return ([], error.errno)
        }
    }

    @Test func readsWhatTheKernelTells() {
        #expect(read(Self.all) == (["10.0.0.1 2", "fd00::1 32", "link 7"], 0))
        // The neighbour was forgotten, as its link went down.
        let forgotten = Self.message(
            29, Self.bytes(UInt8(2), UInt8(0), UInt16(0), Int32(3), UInt16(2), UInt16(0)) + Self.ipv4)
        #expect(read(forgotten) == (["10.0.0.1 32"], 0))
        // The kernel acknowledges a command.
        #expect(read(Self.message(2, Self.bytes(Int32(0)))) == ([], 0))
    }

    /// Routes through a gateway, of another type, or without a link do not count.
    @Test func onlyARouteToALinkCounts() {
        let gateway = Self.attribute(5, [10, 0, 0, 1])
        #expect(read(Self.route(Self.out + gateway)) == (["link 0"], 0))
        #expect(
            read(Self.route(Self.attribute(18, [10, 0] + [UInt8](repeating: 1, count: 16)) + Self.out)) == (
                ["link 0"], 0
            ))
        for type: UInt8 in [0, 2, 3, 5, 6, 7, 8, 255] {
            #expect(read(Self.route(Self.out, type: type)) == (["link 0"], 0))
        }
        #expect(read(Self.route([])) == (["link 0"], 0))
        #expect(read(Self.route(Self.attribute(4, [7, 0]))) == (["link 0"], 0))
    }

    @Test func passesOverWhatItDoesNotKnow() {
        let other = Self.message(16, [1, 2, 3]) + Self.message(0x7FFF, []) + Self.message(29, [])
        #expect(read(other + Self.all).notices.count == 3)
        for attributes in [
            [], Self.hardware, Self.attribute(1, []), Self.attribute(1, [10, 0, 0]),
            Self.attribute(1, [UInt8](repeating: 1, count: 17)), Self.attribute(1, [10, 0, 0, 1], length: 0),
            Self.attribute(1, [10, 0, 0, 1], length: 3), Self.attribute(1, [10, 0, 0, 1], length: 9),
            Self.attribute(1, [10, 0, 0, 1], length: 0xFFFF), [8], [8, 0, 1], [8, 0, 1, 0],
        ] {
            #expect(read(Self.neighbour(state: 2, attributes)) == ([], 0), "\(attributes)")
        }
        #expect(read(Self.message(28, [2, 0, 0])) == ([], 0))
    }

    @Test func saysWhatTheKernelRefuses() {
        #expect(read(Self.message(2, Self.bytes(-EPERM))) == ([], EPERM))
        #expect(read(Self.message(2, Self.bytes(Int32.min))) == ([], EBADMSG))
        #expect(read(Self.message(2, [])) == ([], EBADMSG))
    }

    @Test func saysWhatIsNoMessage() {
        for bytes in [
            [0], Self.bytes(UInt32(16)), Self.message(28, [], length: 0), Self.message(28, [], length: 15),
            Self.message(28, [], length: 17), Self.message(28, [], length: .max),
        ] {
            #expect(read(bytes) == ([], EBADMSG), "\(bytes)")
        }
        for count in Self.all.indices {
            let errno = read(Array(Self.all[..<count])).errno
            #expect(errno == 0 || errno == EBADMSG, "\(count)")
        }
    }

    @Test func nothingTrapsIt() {
        var generator = SeededGenerator()
        for _ in 0..<20_000 {
            var bytes = Self.all
            for _ in 0...Int.random(in: 0...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = read(Array(bytes.dropLast(Int.random(in: 0...8, using: &generator))))
        }
    }
}
