import Aliases
import Basics
import Network
import TestSupport
import Testing

/// The verdicts on candidates, kept between rounds and between processes.
@Suite struct PresenceStateTests {
    private func time(_ seconds: Int) -> Instant { Instant(sinceStart: .seconds(seconds)) }

    /// Records a round with these answers.
    private func recordRound(
        _ answers: [String: Answer], _ presence: Presence, from start: Instant? = nil, at now: Instant
    )
        -> [HostName]
    {
        for candidate in presence.candidates { candidate.answer = answers["\(candidate.host)"] }
        return presence.recordRound(from: start ?? now, at: now).map { $0.host }
    }

    /// Returns the verdict on a host without events.
    private func verdict(_ presence: Presence, _ host: HostName) -> Presence.Verdict {
        presence.verdict(of: host, seen: nil)
    }

    /// Several aliases, and a host that can't be probed.
    @Test func candidatesOfOneAliasDoNotTouchThoseOfAnother() {
        let presence = Presence()
        let now = time(100)
        presence.compete([["a", "b"], ["c", "d"]], seen: { _ in nil })
        #expect(presence.due(at: now).map { $0.host } == ["a", "b", "c", "d"])
        #expect(
            recordRound(["a": .silent, "b": .silent, "c": .answered, "d": .answered], presence, at: now) == ["c", "d"])
        #expect(recordRound(["a": .silent, "b": .silent], presence, at: now) == [])
        #expect(["a", "b", "c", "d"].map { verdict(presence, $0) } == [.unknown, .unknown, .reachable, .reachable])
        // `e` is behind a relay: it stays unknown, and does not keep `a` and `c` from a verdict.
        presence.compete([["a", "c", "e"]], seen: { _ in nil })
        #expect(recordRound(["a": .silent, "c": .answered, "e": .elsewhere], presence, at: now) == ["a"])
        #expect(["a", "c", "e"].map { verdict(presence, $0) } == [.unreachable, .reachable, .unknown])
        #expect(presence.candidate("b") == nil && verdict(presence, "b") == .unknown)
        #expect(presence.due(at: now + .seconds(5)).map { $0.host } == ["c"])
    }

    @Test func goesOnWhereAnotherLeftOff() {
        let presence = Presence()
        let now = time(100)
        presence.compete([["a", "b"]], seen: { _ in nil })
        for _ in 0..<2 { _ = recordRound(["a": .silent, "b": .answered], presence, from: time(97), at: now) }
        #expect(presence.text == "a unreachable - 2 97\nb reachable 100 0 97")
        let next = Presence(text: presence.text)
        #expect(next.text == presence.text)
        #expect(verdict(next, "a") == .unreachable)
        next.compete([["a", "b"]], seen: { _ in nil })
        #expect(next.due(at: time(1)).map { $0.host } == ["a", "b"])
        let hostile: ByteString =
            "a frob - 2 1\n\nx y\n# reachable 1 2 3\nb reachable 1 x 2\nc reachable 1 0\nd silent - 2 1\n"
            + "e unreachable x 1234567890 y"
        #expect(Presence(text: hostile).text == "b reachable 1 0 2\ne unreachable - 0 -")
    }

    /// An event shows that a host is present. An earlier verdict then lapses without a write to the file.
    @Test func anEventAfterTheProbeMakesAVerdictUnknown() {
        let presence = Presence()
        presence.compete([["a", "b", "c"]], seen: { _ in nil })
        for _ in 0..<2 {
            _ = recordRound(["a": .silent, "b": .answered, "c": .silent], presence, from: time(97), at: time(100))
        }
        #expect(presence.verdict(of: "a", seen: time(97)) == .unreachable, "the round was later")
        #expect(presence.verdict(of: "a", seen: time(98)) == .unknown, "during the round")
        #expect(presence.verdict(of: "a", seen: time(101)) == .unknown)
        #expect(presence.verdict(of: "b", seen: time(101)) == .reachable, "a renewal does not put it in doubt")
        #expect(presence.due(at: time(101)).isEmpty)
        // `a` is probed again at once, and `b` with it; `c` keeps its schedule and its verdict.
        presence.compete([["a", "b", "c"]], seen: { $0 == "c" ? nil : time(101) })
        #expect(presence.due(at: time(101)).map { $0.host } == ["a", "b"], "b is probed beside it")
        #expect(presence.candidate("a")?.misses == 0 && presence.candidate("c")?.misses == 2)
        #expect(["a", "b", "c"].map { verdict(presence, $0) } == [.unknown, .reachable, .unreachable])
        #expect(recordRound(["a": .answered, "b": .answered], presence, from: time(101), at: time(102)) == ["a"])
        #expect(presence.verdict(of: "a", seen: time(101)) == .reachable)
        // Another process that reads the file agrees.
        #expect(Presence(text: "a unreachable - 2 97").verdict(of: "a", seen: time(98)) == .unknown)
        #expect(Presence(text: "a unreachable - 2 97").verdict(of: "a", seen: time(97)) == .unreachable)
    }

    /// `a` was reachable, missed two rounds in which no host answered, and then had an event.
    @Test func aReachableCandidateThatIsAwayIsProbedAnew() {
        let presence = Presence(text: "a reachable 90 2 97\nb reachable 90 2 97")
        presence.compete([["a", "b"]], seen: { $0 == "a" ? time(98) : nil })
        #expect(verdict(presence, "a") == .unknown && presence.candidate("a")?.reached == nil)
        #expect(verdict(presence, "b") == .reachable && presence.candidate("b")?.isAway == true)
    }

    /// The kernel reports a candidate's new link-layer address before its next round.
    @Test func aCandidateThatWasHeardIsProbedAtOnce() {
        let presence = Presence()
        presence.compete([["a", "b"]], seen: { _ in nil })
        for _ in 0..<2 { _ = recordRound(["a": .silent, "b": .answered], presence, at: time(100)) }
        #expect(presence.next == time(105))
        presence.probe("a", at: time(101))
        presence.probe("other", at: time(101))
        #expect(presence.next == time(101) && presence.due(at: time(101)).map { $0.host } == ["a", "b"])
    }
}
