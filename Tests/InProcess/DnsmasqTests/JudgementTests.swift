import Basics
import Dnsmasq
import TestSupport
import Testing

/// Whether dnsmasq runs after a restart, on virtual time. The run begins at 100 s, and its command has ended at 103 s.
@Suite struct JudgementTests {
    /// A process: the seconds after the command's end at which it started, appeared and ended.
    struct Life {
        let started: Double
        let from: Double
        let until: Double

        init(_ from: Double, until: Double = .infinity, started: Double? = nil) {
            self.started = started ?? from
            self.from = from
            self.until = until
        }

        func isThere(at time: Double) -> Bool { from <= time && time < until }
        var isNew: Bool { started >= -3 }
    }

    private static func instant(_ time: Double) -> Instant {
        Instant(sinceStart: .milliseconds(Int64(((103 + time) * 1000).rounded())))
    }

    private static func isApart(_ later: Double, from earlier: Double, _ milliseconds: Int64) -> Bool {
        instant(later) - instant(earlier) >= .milliseconds(milliseconds)
    }

    private static func processes(_ lives: [Life], at time: Double) -> [DnsmasqProcess] {
        lives.indices.filter { lives[$0].isThere(at: time) }.map { index in
            DnsmasqProcess(
                number: Int32(index + 1), start: Int64(((103 + lives[index].started) * 100).rounded(.down)), file: "f",
                hasRead: Int(time * 10) % 2 == 0)
        }
    }

    /// Returns the verdict and its moment.
    private static func judge(_ lives: [Life], looks: [Double]) -> (Judgement.Verdict, at: Double)? {
        let judgement = Judgement(began: instant(-3), start: instant(0))
        for time in looks {
            if let verdict = judgement.record(processes(lives, at: time), at: instant(time)) { return (verdict, time) }
        }
        return nil
    }

    private static let looks = (0...300).map { Double($0) / 10 }

    private static let old = -1000.0
    private static let flapping = (0...15).map { Life(Double($0) * 2, until: Double($0) * 2 + 2) }

    @Test(
        arguments: [
            ("at once", [Life(0.05)], Judgement.Verdict.up, 2.6),
            ("in the middle of the run", [Life(0, started: -2)], .up, 2.5),
            ("in the tick in which the run began", [Life(0, started: -3)], .up, 2.5),
            ("1.2 s later", [Life(1.2)], .up, 3.7),
            ("11 s later", [Life(11)], .up, 13.5),
            ("just in time", [Life(12)], .up, 14.5),
            ("too late", [Life(12.05)], .down, 12.0),
            ("the port was held for 0.9 s", [Life(0, until: 0.1), Life(5.1)], .up, 7.6),
            ("the old one went on for a while", [Life(old, until: 4), Life(4.05)], .up, 6.6),
            (
                "after an old one, the new one fails", [Life(old, until: 4), Life(4, until: 4.2), Life(9, until: 9.2)],
                .down, 12.0
            ),
            ("after an old one, there is none", [Life(old, until: 4)], .down, 12),
            ("the old one went on until the end", [Life(old, until: 11.9)], .down, 12),
            ("the old one goes on", [Life(old)], .untouched, 12),
            (
                "the old one goes on, and others fail", [Life(old), Life(0, until: 1), Life(5, until: 6)], .untouched,
                12
            ),
            ("the old one goes on, and another is still tried", [Life(old), Life(11, until: 13)], .untouched, 13),
            ("the old one goes on, and another stays", [Life(old), Life(11)], .up, 13.5),
            ("procd tries it", [Life(0, until: 0.15), Life(5, until: 5.15), Life(15, until: 15.15)], .down, 12),
            ("one dies at the end of its second second", [Life(0, until: 2.4), Life(7.4, until: 9.8)], .down, 12),
            ("it stays no longer than this", [Life(0, until: 2.5)], .down, 12),
            ("there is none", [], .down, 12),
            ("at 12 s one is there that fails", [Life(11.5, until: 13.2)], .down, 13.2),
            ("they come and go for ever", flapping, .down, 17),
            ("beside an old one, too", [Life(old)] + flapping, .untouched, 17),
        ] as [(String, [Life], Judgement.Verdict, Double)])
    func isJudged(what: String, lives: [Life], verdict: Judgement.Verdict, time: Double) throws {
        let found = try #require(Self.judge(lives, looks: Self.looks))
        #expect(found.0 == verdict, "\(what)")
        #expect(found.at == time, "\(what)")
    }

    /// On a busy router, a process that the first look after 12 s finds still gets its time.
    @Test func aLateLookIsNoVerdict() throws {
        let found = try #require(Self.judge([Life(19)], looks: [0, 20.5, 22.9, 23, 23.1]))
        #expect(found.0 == .up)
        #expect(found.at == 23)
    }

    /// The run restarts the instance at 14.1 s and ends at 16.2 s. Late looks see the process for less than 2.5 s after the run.
    @Test func aRunThatGoesOnIsNoVerdict() throws {
        let judgement = Judgement(began: Self.instant(-3), start: Self.instant(0))
        let verdicts = ((0...14).map { Double($0) } + [15.5, 16.1, 17.2, 18.1]).map { time in
            if time < 16.2 { judgement.restartPatience(at: Self.instant(time)) }
            return judgement.record(Self.processes([Life(14.1)], at: time), at: Self.instant(time))
        }
        #expect(verdicts == Array(repeating: nil, count: 18) + [.up])
    }

    /// A process is its number and its start.
    @Test func anotherProcessWithTheSameNumberIsAnother() {
        let judgement = Judgement(began: Self.instant(-3), start: Self.instant(0))
        for look in 0..<100 {
            let time = Double(look) / 10
            let process = DnsmasqProcess(number: 7, start: 10_300 + Int64(look / 20) * 200, file: "f", hasRead: true)
            #expect(judgement.record([process], at: Self.instant(time)) == nil)
        }
    }

    // MARK: Random histories

    /// Applies the rules to a whole history; `looks` ends with the current look.
    private func expected(_ lives: [Life], looks: [Double]) -> Judgement.Verdict? {
        let now = looks.last!
        let there = lives.filter { $0.isThere(at: now) }
        let hasStayed = there.contains { life in
            // The first of the uninterrupted looks at which the process was present.
            let first = life.isNew ? looks.reversed().prefix { life.isThere(at: $0) }.last : nil
            return first.map { Self.isApart(now, from: $0, 2500) } ?? false
        }
        if hasStayed { return .up }
        guard let late = looks.first(where: { Self.isApart($0, from: 0, 12_000) }) else { return nil }
        if there.contains(where: { $0.isNew }), !Self.isApart(now, from: late, 5000) { return nil }
        return there.contains { !$0.isNew } ? .untouched : .down
    }

    @Test func randomHistoriesAreJudgedAsByThePlainRules() {
        var random = SeededGenerator()
        var counts: [Judgement.Verdict: Int] = [:]
        for _ in 0..<4000 {
            func seconds(_ range: ClosedRange<Int>) -> Double { Double(Int.random(in: range, using: &random)) / 1000 }
            var lives: [Life] = []
            if Bool.random(using: &random) { lives.append(Life(Self.old, until: seconds(0...16_000))) }
            if Int.random(in: 0..<8, using: &random) == 0 { lives.append(Life(Self.old)) }
            // Either processes come and go slowly, or starts follow each other quickly.
            var next = seconds(-3_000...3_000)
            let longest = Bool.random(using: &random) ? 6_000 : 200
            while next < 30, Int.random(in: 0..<8, using: &random) > 0 {
                let end = next + seconds(10...3_000)
                let isLast = Int.random(in: 0..<6, using: &random) == 0
                lives.append(Life(next, until: isLast ? .infinity : end))
                next = end + seconds(0...longest)
            }
            var looks = [0.0]
            while looks.last! < 40 {
                let isBusy = Int.random(in: 0..<30, using: &random) == 0
                looks.append(looks.last! + seconds(isBusy ? 100...8_000 : 90...130))
            }
            let found = Self.judge(lives, looks: looks)
            var wanted: (Judgement.Verdict, at: Double)?
            for count in 1...looks.count where wanted == nil {
                wanted = expected(lives, looks: Array(looks[..<count])).map { ($0, looks[count - 1]) }
            }
            guard let found, let wanted, found.0 == wanted.0, found.at == wanted.at else {
                Issue.record("\(String(describing: found)) instead of \(String(describing: wanted)): \(lives)")
                return
            }
            counts[found.0, default: 0] += 1
            // Only the verdict `up` may come within 12 s.
            #expect(found.0 == .up || Self.isApart(found.at, from: 0, 12_000))
            // The judgement ends 5 s after the first look past 12 s.
            let late = looks.first { Self.isApart($0, from: 0, 12_000) }!
            #expect(found.at <= looks.first { Self.isApart($0, from: late, 5000) }!)
            let there = lives.filter { $0.isThere(at: found.at) }
            #expect(found.0 != .untouched || there.contains { !$0.isNew })
            #expect(found.0 != .up || there.contains { $0.isNew && $0.from <= found.at - 2.49 })
            #expect(found.0 != .down || !there.contains { !$0.isNew || $0.from <= found.at - 10 })
        }
        #expect(counts.count == 3 && counts.values.allSatisfy { $0 > 100 }, "\(counts)")
    }
}
