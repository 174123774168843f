import Basics
import CLinux
import Linux
import Network
import TestSupport
import Testing

/// Probes real hosts in a network of their own.
@Suite(.ownThread) struct NeighboursTests {
    private let network: Neighbourhood

    init() throws {
        network = try Neighbourhood()
        // A host takes no part in IPv6 for a second or two after its link has come up.
        try eventually("all are there") { try answers(Self.present).allSatisfy { $0 == .answered } }
    }

    /// Probes all hosts at once, and waits for each result.
    ///
    /// - Returns: The answer of each host, and its delay in milliseconds.
    private func ask(_ hosts: [ByteString]) throws -> [(answer: Answer, after: Int)] {
        try network.onRouter {
            let neighbours = try Neighbours()
            let start = Process.now
            let addresses = hosts.map { Address($0)! }
            var found: [(answer: Answer, after: Int)?] = try addresses.map {
                try neighbours.ask($0) ? nil : (.elsewhere, 0)
            }
            let end = start + .seconds(Int(patience))
            while found.contains(where: { $0 == nil }) {
                guard Poll.readable([neighbours.number], until: end)[0] else { break }
                for news in try neighbours.readNotices() {
                    guard let answer = news.answer, answer != .undecided else { continue }
                    let after = Int((Process.now - start).milliseconds)
                    for index in addresses.indices where addresses[index] == news.address && found[index] == nil {
                        found[index] = (answer, after)
                    }
                }
            }
            return found.map { $0 ?? (.undecided, Int(patience * 1000)) }
        }
    }

    private func answers(_ hosts: [ByteString]) throws -> [Answer] { try ask(hosts).map { $0.answer } }

    private static let present: [ByteString] = ["10.78.1.2", "fd78:1::2", "10.78.2.2", "fd78:2::2"]

    /// Hosts that drop echo requests answer too. The second round shows that the kernel's memory does not matter.
    @Test func findsOutWhoIsThere() throws {
        let absent: [ByteString] = ["10.78.1.9", "fd78:1::9"]
        for _ in 0..<2 {
            let found = try ask(Self.present + absent)
            #expect(found.map { $0.answer } == [.answered, .answered, .answered, .answered, .silent, .silent])
            // Three solicitations, a second apart.
            #expect(found[4...].allSatisfy { $0.after >= 2500 }, "\(found)")
        }
        // The hosts are unplugged from their switch, so the link stays up. The kernel called them reachable just now.
        try network.unplug(1)
        try network.unplug(2)
        let found = try ask(Self.present)
        #expect(found.allSatisfy { $0.answer == .silent && $0.after >= 2500 }, "\(found)")
        try network.plugIn(1)
        try network.plugIn(2)
        #expect(try answers(Self.present) == [.answered, .answered, .answered, .answered])
    }

    @Test func asksNobodyWhoIsOnNoLink() throws {
        try network.shell("ip route add 192.0.2.0/24 via 10.78.1.2; ip route add 2001:db8::/32 via fd78:1::2")
        try network.shell("ip neigh replace 10.78.1.50 lladdr 02:00:00:00:00:01 dev lan1 nud permanent")
        let hosts: [ByteString] = [
            "10.78.3.2", "fd78:3::2",  // The link is down.
            "192.0.2.1", "2001:db8::1",  // Behind a router.
            "198.51.100.1", "10.78.1.1", "127.0.0.1", "::1", "255.255.255.255", "239.1.1.1", "::", "10.78.1.50",
        ]
        #expect(try answers(hosts) == hosts.map { _ in .elsewhere })
        // Entries made by hand are left alone.
        let table = try network.output("ip neigh show 10.78.1.50")
        #expect(table.contains("PERMANENT"), "\(table)")
    }

    /// A machine got another port or interface. The first round probes the old link-layer address, the second
    /// broadcasts.
    @Test func theSecondRoundFindsWhoHasMoved() throws {
        #expect(try answers(["10.78.1.2"]) == [.answered])
        try network.shell("ip link set lan address 02:99:00:00:00:01", host: 1)
        #expect(try answers(["10.78.1.2"]) == [.silent])
        #expect(try answers(["10.78.1.2"]) == [.answered])
    }

    /// Late answers count, and so do answers of which every second is lost, in each round.
    @Test(arguments: [(800, 1), (0, 2), (300, 2)] as [(Int32, Int32)])
    func aSlowHostIsThere(milliseconds: Int32, every: Int32) throws {
        let asked = try network.answerBadly(1, after: milliseconds, every: every) {
            for _ in 0..<5 {
                let found = try ask(["10.78.1.2"])[0]
                #expect(found.answer == .answered && found.after >= milliseconds, "\(found)")
            }
        }
        #expect(asked >= 5 * every, "\(asked)")
    }

    @Test func manyAtOnce() throws {
        let missing = (3...202).map { ByteString("10.78.1.\($0)") }
        let found = try answers(missing + Self.present)
        #expect(found == missing.map { _ in .silent } + [.answered, .answered, .answered, .answered])
    }

    @Test func asMuchAsRootMay() throws {
        #expect(throws: Fault(.system, "can't ask the kernel for neighbours: Operation not permitted", errno: EPERM)) {
            try network.onRouter(as: 65534) { _ = try Neighbours().ask(Address("10.78.1.2")) }
        }
    }

    /// The kernel's own netlink sockets have the number 0 in proc_pid_net(5).
    @Test func leavesNothingOpen() throws {
        _ = try answers(["10.78.1.2"])
        var open: [String] = []
        // A program that another test starts inherits the sockets until its exec.
        try eventually("nothing is open: \(open)") {
            open = try network.onRouter { try Files.read("/proc/thread-self/net/netlink").lines.map { "\($0)" } }
            return open.dropFirst().allSatisfy { $0.split(separator: " ")[2] == "0" }
        }
    }

    /// A returning host announces itself, and is noticed without a probe.
    @Test func hearsWhoIsBack() throws {
        try network.unplug(1)
        #expect(try answers(["10.78.1.2"]) == [.silent])
        let news = try network.onRouter { [network] in
            let neighbours = try Neighbours()
            try network.plugIn(1)
            try network.shell("busybox ping -c 1 -W 1 10.78.1.1 >/dev/null", host: 1)
            var heard = false
            while Poll.readable([neighbours.number], until: Process.now + .seconds(Int(patience)))[0] {
                heard = try neighbours.readNotices().contains {
                    $0.address == Address("10.78.1.2") && $0.answer != .silent
                }
                if heard { break }
            }
            return heard
        }
        #expect(news)
    }
}
