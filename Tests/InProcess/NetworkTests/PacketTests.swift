import Basics
import CLinux
import Linux
import Network
import TestSupport
import Testing

/// Datagrams in which the kernel sends its neighbour table: rtnetlink(7).
@Suite struct NeighbourDumpTests {
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

    private static let hardware = attribute(2, [2, 0, 0, 0, 0, 1])
    private static let ipv4 = attribute(1, [10, 0, 0, 1])
    private static let ipv6 = attribute(1, [0xFD] + [UInt8](repeating: 0, count: 14) + [1])
    private static let done = message(3, bytes(Int32(0)))
    private static let dump =
        neighbour(state: 0x02, hardware + ipv4) + neighbour(state: 0x10, ipv6 + hardware) + done

    /// The entries that are read, as text; whether that was all; and the errno, 0 for none.
    private func read(_ datagrams: [UInt8]...) -> (entries: [String], isOver: Bool, errno: Int32) {
        var dump = NeighbourDump()
        var errno: Int32 = 0
        do throws(Fault) {
            for datagram in datagrams { try dump.take(datagram[...]) }
        } catch {
            errno = error.errno
        }
        return (dump.entries.map { "\($0.address.text) \($0.state)" }, dump.isOver, errno)
    }

    @Test func readsEntries() {
        let all = ["10.0.0.1 reachable", "fd00::1 probing"]
        #expect(read(Self.dump) == (all, true, 0))
        #expect(read(Self.neighbour(state: 2, Self.ipv4), Self.neighbour(state: 8, Self.ipv6)) == (all, false, 0))
        // What follows the end is ignored.
        #expect(read(Self.done + Self.neighbour(state: 2, Self.ipv4)) == ([], true, 0))
    }

    @Test(arguments: [
        0x00: nil, 0x01: nil, 0x02: "reachable", 0x04: nil, 0x08: "probing", 0x10: "probing", 0x20: nil, 0x40: nil,
        0x80: nil, 0xFFFF: nil,
    ])
    func knowsTheStates(number: UInt16, state: String?) {
        #expect(read(Self.neighbour(state: number, Self.ipv4)).entries == (state.map { ["10.0.0.1 \($0)"] } ?? []))
    }

    @Test func passesOverWhatItDoesNotKnow() {
        let other = Self.message(16, [1, 2, 3]) + Self.message(0x7FFF, [])
        #expect(read(other + Self.dump).entries.count == 2)
        for attributes in [
            [], Self.hardware, Self.attribute(1, []), Self.attribute(1, [10, 0, 0]),
            Self.attribute(1, [UInt8](repeating: 1, count: 17)), Self.attribute(1, [10, 0, 0, 1], length: 0),
            Self.attribute(1, [10, 0, 0, 1], length: 3), Self.attribute(1, [10, 0, 0, 1], length: 9),
            Self.attribute(1, [10, 0, 0, 1], length: 0xFFFF), [8], [8, 0, 1], [8, 0, 1, 0],
        ] {
            #expect(read(Self.neighbour(state: 2, attributes)) == ([], false, 0), "\(attributes)")
        }
        #expect(read(Self.message(28, []), Self.message(28, [2, 0, 0])) == ([], false, 0))
    }

    @Test func saysWhatTheKernelRefuses() {
        #expect(read(Self.message(2, Self.bytes(-EPERM))) == ([], false, EPERM))
        #expect(read(Self.message(3, Self.bytes(-ENOMEM))) == ([], false, ENOMEM))
        #expect(read(Self.message(2, Self.bytes(Int32.min))) == ([], false, EBADMSG))
        #expect(read(Self.message(2, [])) == ([], true, 0))
    }

    @Test func saysWhatIsNoMessage() {
        for bytes in [
            [0], Self.bytes(UInt32(16)), Self.message(28, [], length: 0), Self.message(28, [], length: 15),
            Self.message(28, [], length: 17), Self.message(28, [], length: .max),
        ] {
            #expect(read(bytes) == ([], false, EBADMSG), "\(bytes)")
        }
        for count in Self.dump.indices {
            let (_, isOver, errno) = read(Array(Self.dump[..<count]))
            #expect(!isOver && (errno == 0 || errno == EBADMSG), "\(count)")
        }
    }

    @Test func nothingTrapsIt() {
        var generator = SeededGenerator()
        for _ in 0..<20_000 {
            var bytes = Self.dump
            for _ in 0...Int.random(in: 0...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = read(Array(bytes.dropLast(Int.random(in: 0...8, using: &generator))))
        }
    }
}

/// Packets as raw sockets give them: raw(7), RFC 792, RFC 4443.
@Suite struct EchoRequestTests {
    private let ipv4 = EchoRequest(to: Address("10.78.1.2")!, tag: [0x12, 0x34, 0x00, 0x01])
    private let ipv6 = EchoRequest(to: Address("fd78:1::2")!, tag: [0x12, 0x34, 0x00, 0x01])

    /// From 10.78.1.2 to 10.78.1.1. 0xEDCA is the complement of 0x1234 + 0x0001.
    private static let header: [UInt8] =
        [0x45, 0, 0, 28, 0x9A, 0xBC, 0, 0, 64, 1, 0xC9, 0x82] + [10, 78, 1, 2] + [10, 78, 1, 1]
    private static let reply: [UInt8] = [0, 0, 0xED, 0xCA, 0x12, 0x34, 0x00, 0x01]
    private static let reply6: [UInt8] = [129, 0, 0xAB, 0xCD, 0x12, 0x34, 0x00, 0x01]

    @Test func hasTheBytesOfTheStandard() {
        #expect(ipv4.bytes == [8, 0, 0xE5, 0xCA, 0x12, 0x34, 0x00, 0x01])
        #expect(ipv6.bytes == [128, 0, 0, 0, 0x12, 0x34, 0x00, 0x01])
    }

    @Test func knowsItsReply() {
        #expect(ipv4.isAnswered(by: (Self.header + Self.reply)[...]))
        #expect(ipv6.isAnswered(by: Self.reply6[...]))
        // As a slice of something longer, with IP options (RFC 791, 3.1), or with data that somebody added.
        #expect(ipv4.isAnswered(by: ([9, 9] + Self.header + Self.reply + [9]).dropFirst(2).dropLast()))
        #expect(ipv4.isAnswered(by: ([0x46] + Self.header.dropFirst() + [1, 1, 1, 0] + Self.reply)[...]))
        #expect(ipv4.isAnswered(by: (Self.header + [0, 0, 0xEC, 0xC9, 0x12, 0x34, 0x00, 0x01, 1, 1])[...]))
        #expect(ipv4.isAnswered(by: (Self.header + [0, 0, 0xEC, 0xCA, 0x12, 0x34, 0x00, 0x01, 1])[...]))
        #expect(ipv6.isAnswered(by: (Self.reply6 + [1, 2, 3])[...]))
    }

    /// Each bit counts, except the fields of the IP header that say how it travelled, and the ICMPv6 checksum, which
    /// the kernel has checked.
    @Test func knowsNothingElse() {
        let packet = Self.header + Self.reply
        for index in packet.indices {
            for bit in 0..<8 {
                var other = packet
                other[index] ^= 1 << bit
                let isFree = (1..<12).contains(index) || (16..<20).contains(index)
                #expect(ipv4.isAnswered(by: other[...]) == isFree, "byte \(index), bit \(bit)")
            }
        }
        for index in Self.reply6.indices {
            for bit in 0..<8 {
                var other = Self.reply6
                other[index] ^= 1 << bit
                #expect(ipv6.isAnswered(by: other[...]) == (2..<4).contains(index), "byte \(index), bit \(bit)")
            }
        }
        for count in packet.indices { #expect(!ipv4.isAnswered(by: packet[..<count])) }
        for count in Self.reply6.indices { #expect(!ipv6.isAnswered(by: Self.reply6[..<count])) }
        // A request is no reply, even if its checksum is right, such as our own request to ourselves.
        #expect(!ipv4.isAnswered(by: (Self.header + ipv4.bytes)[...]))
    }

    @Test func nothingTrapsIt() {
        var generator = SeededGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            #expect(!ipv4.isAnswered(by: bytes[...]) && !ipv6.isAnswered(by: bytes[...]))
        }
    }
}
