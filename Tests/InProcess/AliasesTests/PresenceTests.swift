import Basics
import Configuration
import Leases
import Network
import TestSupport
import Testing

@testable import Aliases

/// A drawing of what happens to the targets of an alias: a line a target, a column a second. `+` is a new lease and `r`
/// a renewal, both with an event; `*` is a lease in dnsmasq's file without an event. `a` is a present host, `.` an
/// absent host with a running lease, and a blank a host without a lease.
private final class Timeline {
    private let alias: Alias
    private let lines: [(host: HostName, marks: [Character])]
    private var leases: [String: Lease] = [:]
    private var presence = Presence()
    /// The start and the end of the current round, in seconds.
    private var round: (start: Int, end: Int)?
    private var current: HostName?
    private let step: Int
    /// The probes, and the alias's target in each second.
    private(set) var probed: [(second: Int, host: HostName)] = []
    private(set) var led: [HostName?] = []
    /// The alias's target in each second, before the probes of that second.
    private(set) var ledAtOnce: [HostName?] = []
    private(set) var reasons: [Choice.Reason] = []

    /// Seconds a column in long scenes.
    static let slow = 10

    init(_ lines: [(String, String)], step: Int = 1) throws {
        self.step = step
        let targets = lines.map { "list target \($0.0)\n" }.joined()
        alias = try Settings(ByteString("config cname m\n" + targets), file: "f").aliases[0]
        self.lines = lines.map { (HostName(stringLiteral: $0.0), Array($0.1)) }
        for second in 0..<self.lines.map({ $0.marks.count }).max()! { pass(second) }
    }

    private func mark(_ line: Int, _ second: Int) -> Character {
        let marks = lines[line].marks
        return second < marks.count ? marks[second] : marks.last!
    }

    private func isThere(_ host: HostName, _ second: Int) -> Bool {
        let mark = mark(lines.firstIndex { $0.host == host }!, second)
        return mark != "." && mark != " "
    }

    private func moment(_ second: Int) -> Instant { Instant(sinceStart: .seconds(second * step)) }
    private func seen(_ host: HostName) -> Instant? { leases["\(host)"]?.seen }

    private func pass(_ second: Int) {
        let now = moment(second)
        for (index, line) in lines.enumerated() {
            let old = leases["\(line.host)"]
            var (since, seen) = (old?.since, old?.seen)
            switch mark(index, second) {
            case " ":
                leases["\(line.host)"] = nil
                continue
            case "+": (since, seen) = (now, now)
            case "r": seen = now
            default: break
            }
            leases["\(line.host)"] = Lease(
                addresses: ["10.0.0.\(index + 1)"], hostName: line.host, hardware: "02:00:00:00:00:0\(index)",
                since: since, seen: seen)
        }
        ledAtOnce.append(choice().target)
        var isSettled = false
        // Answers come at once, so several rounds may end in one second.
        while !isSettled {
            let up = alias.targets.map { $0.host }.filter { leases["\($0)"] != nil }
            presence.compete(up.count > 1 ? [up] : [], seen: { self.seen($0) })
            if up.count < 2 { round = nil }
            for candidate in presence.due(at: now) where candidate.answer == nil {
                probed.append((second, candidate.host))
                // A present host answers at once; silence is certain after three seconds.
                candidate.answer = isThere(candidate.host, second) ? .answered : .silent
                let end = candidate.answer == .answered ? second : second + 3
                round = (round?.start ?? second, max(round?.end ?? second, end))
            }
            isSettled = round.map { $0.end > second } ?? true
            if !isSettled {
                _ = presence.recordRound(from: moment(round!.start), at: now)
                round = nil
            }
        }
        let choice = choice()
        current = choice.target
        led.append(choice.target)
        reasons.append(choice.reason)
    }

    private func choice() -> Choice {
        alias.choice(
            knowing: { host in KnownHost(leases: leases["\(host)"].map { [$0] } ?? [], hosts: []) },
            verdict: { presence.verdict(of: $0, seen: seen($0)) }, isCurrent: { $0 == current })
    }

    var picture: String { (lines.map { String($0.marks) } + [drawn]).joined(separator: "\n") }

    /// A digit a second: the number of the target in the list, from 1.
    var drawn: String {
        led.map { host in host.flatMap { host in lines.firstIndex { $0.host == host } }.map { "\($0 + 1)" } ?? "-" }
            .joined()
    }
}

@Suite struct PresenceTests {
    struct Scene: CustomTestStringConvertible {
        let what: String
        let targets: [(String, String)]
        let alias: String
        var testDescription: String { what }
    }

    static let scenes = [
        Scene(
            what: "undocked without a release, and docked again without an event",
            targets: [
                ("arch", "+aaaaaaaaa......................................aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                (
                    "arch-wifi",
                    "          +aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                ),
            ],
            alias: "1111111111111111222222222222222222222222222222222222222222222222222222222222222111111111"),
        Scene(
            what: "docked again with a new lease",
            targets: [
                ("arch", "+aaaaa..................+aaaaaa"),
                ("arch-wifi", "      +aaaaaaaaaaaaaaaaaaaaaaaa"),
            ],
            alias: "1111111111112222222222221111111"),
        Scene(
            what: "the wireless one is silent before the cable is pulled",
            targets: [
                ("arch", "+aaaaaaaaaaaaaaaa............................................."),
                ("arch-wifi", " +aaaa................aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ],
            alias: "11111111111111111111111111111111111111111122222222222222222222"),
        Scene(
            what: "all sleep, and one wakes up",
            targets: [
                ("arch", "+aaaaaaaa................................................................................"),
                (
                    "arch-wifi",
                    "+aaaaaaaa.........................................aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                ),
            ],
            alias: "11111111111111111111111111111111111111111111111111111111111111111111111111111111112222222"),
        Scene(
            what: "another system, on another interface",
            targets: [
                ("arch", "+aaaaaa..........................."),
                ("bigsur", "          +aaaaaaaaaaaaaaaaaaaaaaa"),
            ],
            alias: "1111111111222222222222222222222222"),
        Scene(
            what: "back to the first, whose lease runs on",
            targets: [
                ("arch", "+aaaaaa.............................raaaaaaaaaaaaaaaaaaaa"),
                ("bigsur", "          +aaaaaaaaaaaaaaaaaaaaaa........................"),
            ],
            alias: "111111111122222222222222222222222222222222111111111111111"),
        Scene(
            what: "back to the first, of which no event tells",
            targets: [
                ("arch", "+aaaaaa.............................aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                ("bigsur", "          +aaaaaaaaaaaaaaaaaaaaaa.........................................."),
            ],
            alias: "111111111122222222222222222222222222222222222211111111111111111111111111111"),
        Scene(
            what: "two machines",
            targets: [
                ("arch", "   +aaaaaaaraaaaaaaaaaaaaaraaaaa"),
                ("bigsur", "+aaaaaaaaaaaaaarraaaaaaaaaaraaa"),
            ],
            alias: "22211111111111111111111111111111"),
        Scene(
            what: "a first installation, and the second is there",
            targets: [
                ("arch", "................................"),
                ("bigsur", "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ],
            alias: "11111122222222222222222222222222"),
        Scene(
            what: "a lease ends, and comes back",
            targets: [
                ("arch", "+aaaaaaaa        +aaaaaaaaaaaaaa"),
                ("arch-wifi", "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ],
            alias: "11111111122222222111111111111111"),
        Scene(
            what: "every second answer is lost",
            targets: [
                ("arch", "+a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"),
                ("arch-wifi", "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ],
            alias: "11111111111111111111111111111111"),
        Scene(
            what: "three, of which one answers",
            targets: [
                ("arch", "+aa....................................."),
                ("arch-wifi", "+aa....................................."),
                ("bigsur", "     *aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ],
            alias: "1111111111133333333333333333333333333333"),
    ]

    @Test(arguments: scenes)
    func follows(scene: Scene) throws {
        let timeline = try Timeline(scene.targets)
        #expect(timeline.drawn == scene.alias)
    }

    /// Hosts come, go, sleep and move, and leases with them.
    @Test func neverLeadsToAnUnreachableHostWhileAnotherAnswers() throws {
        var random = SeededGenerator()
        var changes = 0
        for _ in 0..<300 {
            let names = ["arch", "arch-wifi", "bigsur", "haiku"].prefix(Int.random(in: 1...4, using: &random))
            let rows = names.map { name in (name, Self.life(&random)) }
            let timeline = try Timeline(Array(rows))
            let marks = rows.map { Array($0.1) }
            /// Whether all marks of a target in these seconds satisfy `isRight`.
            func all(_ line: Int, _ seconds: ClosedRange<Int>, _ isRight: (Character) -> Bool) -> Bool {
                seconds.allSatisfy { isRight(marks[line][$0]) }
            }
            func isThere(_ mark: Character) -> Bool { mark != "." && mark != " " }
            for second in 41..<300 {
                let led = timeline.led[second].map { host in names.firstIndex { host == HostName(stringLiteral: $0) }! }
                let past = (second - 40)...second
                if let led, all(led, past, { $0 == "." }) {
                    let answering = marks.indices.first { $0 != led && all($0, past) { isThere($0) } }
                    #expect(answering == nil, "second \(second):\n\(timeline.picture)")
                }
                // A round that ends now began at most eight seconds ago.
                let lately = (second - 8)...second
                let isQuiet = marks.indices.allSatisfy { line in
                    all(line, lately) { !isThere($0) } && Set(marks[line][lately]).count == 1
                }
                if isQuiet {
                    #expect(timeline.led[second] == timeline.led[second - 1], "second \(second):\n\(timeline.picture)")
                }
                if timeline.led[second] != timeline.led[second - 1] { changes += 1 }
            }
            for (second, host) in timeline.probed {
                let leased = marks.indices.filter { marks[$0][second] != " " }
                #expect(leased.count > 1 && leased.contains { HostName(stringLiteral: names[$0]) == host })
            }
        }
        #expect(changes > 1000, "\(changes)")
    }

    private static func life(_ random: inout SeededGenerator) -> String {
        var marks = Int.random(in: 0...2, using: &random) == 0 ? "+" : " "
        while marks.count < 300 {
            let last = marks.last!
            let next: Character
            switch (last, Int.random(in: 0..<40, using: &random)) {
            case (" ", 0): next = "+"
            case (" ", 1): next = "*"
            case (" ", _): next = " "
            case (".", 0): next = "r"
            case (".", 1): next = "a"
            case (".", 2): next = " "
            case (".", _): next = "."
            case (_, 0): next = "."
            case (_, 1): next = "r"
            case (_, 2) where Bool.random(using: &random): next = " "
            default: next = "a"
            }
            marks.append(next)
        }
        return marks
    }

    /// Two machines are up for a day, and renew their leases.
    @Test func neverFlipsBetweenTwoMachines() throws {
        var random = SeededGenerator()
        let day = 86400 / Timeline.slow
        func life() -> String {
            "+" + (1..<day).map { _ in Int.random(in: 0..<60, using: &random) == 0 ? "r" : "a" }.joined()
        }
        let timeline = try Timeline([("arch", life()), ("bigsur", " " + life())], step: Timeline.slow)
        #expect(timeline.led.allSatisfy { $0 == "arch" })
        // `bigsur` has the newer lease, which counts only until the hosts were probed.
        #expect(timeline.ledAtOnce[1] == "bigsur")
        #expect(timeline.ledAtOnce.dropFirst(2).allSatisfy { $0 == "arch" })
        #expect(timeline.reasons.last == .firstMachine)
    }

    /// At most six broadcasts a minute: a round for a silent host has three.
    @Test func probesASilentHostSeldom() throws {
        let timeline = try Timeline([
            ("arch", "+" + String(repeating: ".", count: 999)), ("bigsur", "+" + String(repeating: "a", count: 999)),
        ])
        let probed = timeline.probed.filter { $0.host == "arch" && $0.second > 5 }.map { $0.second }
        #expect(probed.count > 25)
        for second in probed { #expect(probed.filter { (second..<second + 60).contains($0) }.count <= 2) }
        #expect(timeline.probed.filter { $0.host == "bigsur" }.count < 210)
        #expect(try Timeline([("arch", "+aaaa"), ("bigsur", "     ")]).probed.isEmpty)
    }
}

extension Presence {
    func verdict(of host: HostName, seen: Instant?) -> Verdict { verdict(of: host) { _ in seen } }
}
