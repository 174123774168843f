import Aliases
import Basics
import Network
import TestSupport
import Testing

@Suite struct RoundsTests {
    /// One letter a round: what was answered (`a` answered, `s` silent, `?` undecided), and how that changed the host
    /// (`D` down, `U` up).
    @Test(arguments: [
        ("aaaaaaaaa", "---------"),
        ("ss", "--"),
        ("sss", "--D"),
        ("ssssss", "--D---"),
        ("ssassass", "--------"),
        ("ssassasss", "--------D"),
        ("sssa", "--DU"),
        ("sssaa", "--DU-"),
        ("sssasssa", "--DU--DU"),
        // While the kernel is still asking, a round counts neither for nor against the host.
        ("?????????", "---------"),
        ("s?s?s", "----D"),
        ("ss?", "---"),
        ("ss?ass", "------"),
        ("sss???", "--D---"),
        ("sss??a", "--D--U"),
        // A host that drops echo requests: DELAY, PROBE, then REACHABLE for a while.
        ("??aaaaaa??aaaaaa", "----------------"),
        // The same host is unplugged: it stays REACHABLE for a while, then DELAY, PROBE, FAILED.
        ("aaaaaa??ssss", "----------D-"),
    ])
    func callsTargetsDownAndUp(answers: String, changes: String) {
        var rounds = Rounds()
        var up = true
        for (answer, change) in zip(answers, changes) {
            let noted = rounds.note(["a": .answered, "s": .silent, "?": .undecided][answer]!, for: "host")
            #expect(noted == ["D": .down, "U": .up][change])
            if let noted { up = noted == .up }
            #expect(rounds.isUp("host") == up)
            #expect(rounds.down == (up ? [] : ["host"]))
        }
    }

    @Test func targetsDoNotMixUp() {
        var rounds = Rounds()
        for _ in 0..<2 {
            for host: HostName in ["a", "b"] { #expect(rounds.note(.silent, for: host) == nil) }
        }
        #expect(rounds.note(.answered, for: "a") == nil)
        #expect(rounds.note(.silent, for: "b") == .down)
        #expect(rounds.note(.silent, for: "a") == nil)
        #expect(rounds.isUp("a") && !rounds.isUp("b"))
    }

    @Test func goesOnWithWhatWasDown() {
        var rounds = Rounds(down: ["a"])
        #expect(!rounds.isUp("a") && rounds.isUp("b"))
        #expect(rounds.note(.silent, for: "a") == nil)
        #expect(rounds.note(.answered, for: "a") == .up)
    }

    @Test func forgetsWhatIsNoTargetAnyMore() {
        var rounds = Rounds(down: ["a", "b"])
        #expect(rounds.note(.silent, for: "c") == nil)
        rounds.keep(["b", "d"])
        #expect(rounds.down == ["b"])
        #expect(rounds.note(.silent, for: "c") == nil)
        #expect(rounds.note(.silent, for: "c") == nil)
        #expect(rounds.note(.silent, for: "c") == .down)
    }

    @Test func theBestOfSeveralAnswersCounts() {
        #expect([Answer.silent, .answered, .undecided].max() == .answered)
        #expect([Answer.silent, .undecided, .silent].max() == .undecided)
    }
}
