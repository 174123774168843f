import Aliases
import Basics
import Linux
import Network
import TestSupport
import Testing

/// Rounds of asking real hosts.
@Suite struct WatchedHostsTests {
    private let network: Neighbourhood

    init() throws {
        network = try Neighbourhood()
    }

    /// Time runs ten times as fast as on a router, for the kernel (`ip ntable`) as for the rounds.
    @Test func followsHostsThatComeAndGo() throws {
        for (table, number) in [("arp_cache", 1), ("arp_cache", 2), ("ndisc_cache", 1), ("ndisc_cache", 2)] {
            try network.shell(
                """
                ip ntable change name \(table) dev lan\(number) base_reachable 1000 delay_probe 500 retrans 100
                """)
        }
        let hosts: [ByteString] = ["10.78.1.2", "fd78:1::2", "10.78.2.2", "fd78:2::2", "10.78.1.9"]
        let names: [HostName] = ["10.78.1.2", "one-ipv6", "10.78.2.2", "two-ipv6", "10.78.1.9"]
        var rounds = Rounds()
        var undecided = 0
        /// Asks in rounds, until `done` says so.
        func follow(_ what: String, atMost: Int, until done: (Int) -> Bool) throws {
            for round in 1...atMost {
                let start = Process.now
                let answers = try network.onRouter { try Probe.ask(hosts, within: .milliseconds(100)) }
                for (name, answer) in zip(names, answers) {
                    _ = rounds.note(answer, for: name)
                    if answer == .undecided { undecided += 1 }
                }
                if done(round) { return }
                Process.pause(.milliseconds(500) - (Process.now - start))
            }
            throw Failure("not within \(atMost) rounds: \(what)")
        }
        // The hosts that drop echo requests go through several turns of REACHABLE, DELAY and PROBE.
        try follow("the one that never was is down, and none else", atMost: 12) { round in
            #expect(rounds.down.allSatisfy { $0 == "10.78.1.9" }, "\(round)")
            return round == 12
        }
        #expect(rounds.down == ["10.78.1.9"])
        #expect(undecided > 0)
        // The host is unplugged from its switch, so the link stays up, but nobody answers.
        try network.unplug(1)
        try network.unplug(2)
        try follow("all are down", atMost: 16) { _ in rounds.down.count == 5 }
        try network.plugIn(1)
        try network.plugIn(2)
        try follow("those that are there are up", atMost: 3) { _ in rounds.down == ["10.78.1.9"] }
    }
}
