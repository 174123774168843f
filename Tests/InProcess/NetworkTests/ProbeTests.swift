import Basics
import CLinux
import Linux
import Network
import TestSupport
import Testing

/// Asks real hosts whether they are there, in a network of their own.
@Suite struct ProbeTests {
    private let network: Neighbourhood

    init() throws {
        network = try Neighbourhood()
    }

    private static let hosts: [(address: ByteString, answersEcho: Bool, afterEcho: NeighbourState)] = [
        ("10.78.1.2", true, .reachable),
        ("fd78:1::2", true, .reachable),
        ("10.78.2.2", false, .reachable),
        ("fd78:2::2", false, .reachable),
        // Nobody has these addresses.
        ("10.78.1.9", false, .other),
        ("fd78:1::9", false, .other),
        // The link is down.
        ("10.78.3.2", false, .other),
        ("fd78:3::2", false, .other),
        // There is no route.
        ("192.0.2.1", false, .other),
        ("2001:db8::1", false, .other),
        // Nothing can be sent to these.
        ("fe80::1", false, .other),
        ("255.255.255.255", false, .other),
        ("10.78.1.2x", false, .other),
        ("", false, .other),
    ]

    @Test func sendsAnEchoToEach() throws {
        let addresses = ProbeTests.hosts.map { $0.address }
        let (answers, states, duration) = try network.onRouter {
            let start = Process.now
            let answers = try Echo.answers(from: addresses, within: .seconds(1))
            return (answers, try Neighbours.states(of: addresses), Process.now - start)
        }
        for (index, host) in ProbeTests.hosts.enumerated() {
            #expect(answers[index] == host.answersEcho, "\(host.address)")
            #expect(states[index] == host.afterEcho, "\(host.address)")
        }
        #expect(duration >= .seconds(1) && duration < .seconds(3), "\(duration)")
    }

    @Test func waitsForNobodyIfAllHaveAnswered() throws {
        let start = Process.now
        let answers = try network.onRouter {
            try Echo.answers(from: ["10.78.1.2", "fd78:1::2", "10.78.1.2", "127.0.0.1", "::1"], within: .seconds(60))
        }
        #expect(answers == [true, true, true, true, true])
        let none = try network.onRouter { try Echo.answers(from: ["192.0.2.1", "x"], within: .seconds(60)) }
        #expect(none == [false, false])
        #expect(try network.onRouter { try Probe.ask([], within: .seconds(60)) } == [])
        #expect(Process.now - start < .seconds(10))
    }

    /// A multicast address is asked, and a host answers from its own address. The kernel's count of replies (type 0, or
    /// 129) shows that it did.
    @Test func anAnswerFromSomebodyElseIsNone() throws {
        try network.shell(
            """
            sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
            ip addr add 239.1.1.1/32 dev lan autojoin
            ip addr add ff05::77/128 dev lan autojoin
            """, host: 1)
        try network.shell("ip route add 239.1.1.1 dev lan1; ip route add ff05::77 dev lan1 table local")
        let answers = try network.onRouter { try Echo.answers(from: ["239.1.1.1", "ff05::77"], within: .seconds(1)) }
        #expect(answers == [false, false])
        let counted = try network.onRouter {
            try ["snmp", "snmp6"].map { "\(try Files.read("/proc/thread-self/net/\(ByteString($0))"))" }.joined()
        }
        #expect(counted.contains("\nIcmpMsg: InType0 "), "\(counted)")
        #expect(counted.contains("\nIcmp6InEchoReplies              \t1\n"), "\(counted)")
    }

    @Test func manyAtOnce() throws {
        let missing = (1...300).map { ByteString("10.78.1.\($0 % 250 + 3)") }
        let answers = try network.onRouter {
            try Echo.answers(from: missing + ["10.78.1.2"], within: .seconds(1))
        }
        #expect(answers == missing.map { _ in false } + [true])
    }

    @Test func asMuchAsRootMay() throws {
        let fault = Fault(.system, "can't send ICMP echo requests: Operation not permitted", errno: EPERM)
        #expect(throws: fault) {
            try network.onRouter(as: 65534) { try Echo.answers(from: ["10.78.1.2"], within: .seconds(1)) }
        }
        #expect(throws: fault) { try network.onRouter(as: 65534) { try Probe.ask(["10.78.1.2"]) } }
    }

    /// All raw and netlink sockets of the network are listed in proc_pid_net(5). The kernel's own have the number 0.
    @Test func leavesNothingOpen() throws {
        _ = try network.onRouter { try Probe.ask(["10.78.1.2", "fd78:1::2", "10.78.1.9"], within: .milliseconds(10)) }
        _ = try? network.onRouter(as: 65534) { try Probe.ask(["10.78.1.2"]) }
        let open = try network.onRouter {
            try ["raw", "raw6", "netlink"].map { try Files.read("/proc/thread-self/net/\(ByteString($0))").lines }
        }
        #expect(open[0].count == 1 && open[1].count == 1, "\(open)")
        #expect(open[2].dropFirst().allSatisfy { "\($0)".split(separator: " ")[2] == "0" }, "\(open)")
    }

    @Test(arguments: [
        ("reachable", NeighbourState.reachable), ("delay", .probing), ("probe", .probing), ("stale", .other),
        ("failed", .other), ("permanent", .other), ("noarp", .other),
    ])
    func readsTheNeighbourTable(state: String, expected: NeighbourState) throws {
        try network.shell(
            """
            ip neigh replace 10.78.1.50 lladdr 02:00:00:00:00:01 dev lan1 nud \(state)
            ip neigh replace fd78:1::50 lladdr 02:00:00:00:00:01 dev lan1 nud \(state)
            """)
        let states = try network.onRouter { try Neighbours.states(of: ["fd78:1::50", "10.78.1.51", "10.78.1.50"]) }
        #expect(states == [expected, .other, expected])
    }

    @Test func theBestOfSeveralInterfacesCounts() throws {
        try network.shell(
            """
            ip neigh replace 10.78.1.50 lladdr 02:00:00:00:00:01 dev lan1 nud reachable
            ip neigh replace 10.78.1.50 lladdr 02:00:00:00:00:01 dev lan2 nud stale
            ip neigh replace 10.78.1.51 lladdr 02:00:00:00:00:01 dev lan1 nud stale
            ip neigh replace 10.78.1.51 lladdr 02:00:00:00:00:01 dev lan2 nud probe
            """)
        let states = try network.onRouter { try Neighbours.states(of: ["10.78.1.50", "10.78.1.51"]) }
        #expect(states == [.reachable, .probing])
    }

    /// The table is too long for one datagram.
    @Test func readsALongTable() throws {
        try network.shell(
            """
            for a in 1 2 3 4; do for b in $(seq 1 250); do
                echo "neigh replace 10.79.$a.$b lladdr 02:00:00:00:00:01 dev lan1 nud permanent"
                echo "neigh replace fd79:$a::$b lladdr 02:00:00:00:00:01 dev lan1 nud permanent"
            done; done | ip -batch -
            for a in 1 2 3 4; do ip neigh replace 10.80.0.$a lladdr 02:00:00:00:00:01 dev lan1 nud reachable; done
            """)
        let addresses: [ByteString] = ["10.80.0.1", "10.80.0.2", "10.80.0.3", "10.80.0.4", "10.79.1.1"]
        let states = try network.onRouter { try Neighbours.states(of: addresses) }
        #expect(states == [.reachable, .reachable, .reachable, .reachable, .other])
    }

    /// If a host drops echo requests and the kernel knew it before, it is undecided until the kernel has made sure.
    @Test func putsTableAndEchoTogether() throws {
        let addresses: [ByteString] = ["10.78.1.2", "fd78:1::2", "10.78.2.2", "fd78:2::2", "10.78.1.9", "10.78.3.2"]
        let first = try network.onRouter { try Probe.ask(addresses) }
        #expect(first == [.answered, .answered, .answered, .answered, .silent, .silent])
        try network.shell(
            """
            for n in 1 2; do for address in 10.78.$n.2 fd78:$n::2; do
                ip neigh change $address dev lan$n nud stale
            done; done
            """)
        let second = try network.onRouter { try Probe.ask(addresses) }
        #expect(second == [.answered, .answered, .undecided, .undecided, .silent, .silent])
    }
}
