import Basics
import Debounce
import TestSupport
import Testing

/// Time is drawn as text, with a column for each second.
///
/// Input: `r` request, `f` flush, `c` cancel, `x` the command ends well, `X` it fails, `n` it can't start yet,
/// `w` the run is not needed, `-` nothing.
/// Output: `S` start, `T` terminate, `K` kill, `-` nothing. Within a column the input comes before the output.
private func play(_ input: String, _ set: (inout Job) -> Void = { _ in }) -> String {
    var job = Job(name: "job", command: "true")
    job.quiet = .seconds(3)
    job.timeout = .zero
    set(&job)
    var debouncer = Debouncer(job)
    var output = ""
    for (second, event) in input.enumerated() {
        let now = Instant(sinceStart: .seconds(1000 + second))
        switch event {
        case "r": debouncer.request(at: now)
        case "f": debouncer.flush()
        case "c": debouncer.cancel()
        case "x": _ = debouncer.ended(isSuccess: true, at: now)
        case "X": _ = debouncer.ended(isSuccess: false, at: now)
        case "n": debouncer.notReady(at: now)
        case "w": debouncer.notNeeded()
        default: break
        }
        // As with the daemon's timer, there is no tick unless the state machine waits for one.
        guard let wakeAt = debouncer.wakeAt, wakeAt <= now else {
            output += "-"
            continue
        }
        switch debouncer.tick(at: now) {
        case .none: output += "-"
        case .start: output += "S"
        case .terminate: output += "T"
        case .kill: output += "K"
        }
    }
    return output
}

@Suite struct TimelineTests {
    @Test func nothingHappensUnasked() {
        #expect(play("----------") == "----------")
    }

    @Test func runsOnceAfterQuiet() {
        #expect(play("r---------") == "---S------")
    }

    @Test func eachRequestStartsTheQuietTimeAgain() {
        #expect(play("r-r--r----x--") == "--------S----")
    }

    @Test func aSecondRunNeedsASecondRequest() {
        #expect(play("r---x-r---x--") == "---S-----S---")
    }

    @Test func neverOverlapsItself() {
        //             the request during the run waits for quiet afterwards
        #expect(play("r----r-----x------") == "---S----------S---")
    }

    @Test func requestsAfterTheRunJoinThoseDuringIt() {
        #expect(play("r----r-x-r------x-") == "---S--------S-----")
    }

    @Test func maxWaitBoundsTheWait() {
        #expect(play("rrrrrrrrrrrrrr") { $0.maxWait = .seconds(5) } == "-----S--------")
    }

    @Test func maxWaitCountsFromTheFirstRequestDuringARun() {
        #expect(play("r---r---------x---") { $0.maxWait = .seconds(5) } == "---S----------S---")
    }

    @Test func maxWaitBelowQuietWins() {
        #expect(play("r----") { $0.maxWait = .seconds(1) } == "-S---")
    }

    @Test func withoutQuietItRunsAtOnce() {
        #expect(play("-r-x-r-") { $0.quiet = .zero } == "-S---S-")
    }

    @Test func flushRunsWhatWaits() {
        #expect(play("rf--x---") == "-S------")
    }

    @Test func flushOfNothingDoesNothing() {
        #expect(play("f-------") == "--------")
    }

    @Test func flushDuringARunRunsRightAfterIt() {
        #expect(play("r---rf---x----") == "---S-----S----")
    }

    @Test func flushDuringARunWithoutRequestDoesNothing() {
        #expect(play("r---f---x-----") == "---S----------")
    }

    @Test func aRequestThatJoinsAFlushRunsWithIt() {
        #expect(play("r---rfr--x----") == "---S-----S----")
    }

    @Test func cancelForgetsWhatWaits() {
        #expect(play("rc--------") == "----------")
        #expect(play("c-r-------") == "-----S----")
    }

    @Test func cancelDuringARunForgetsOnlyTheNext() {
        #expect(play("r---rc---x------") == "---S------------")
    }

    @Test func timeoutTerminatesAndThenKills() {
        #expect(play("r--------------------") { $0.timeout = .seconds(4) } == "---S---T----K--------")
    }

    @Test func aCommandThatHeedsTermIsNotKilled() {
        #expect(play("r-------x-----------") { $0.timeout = .seconds(4) } == "---S---T------------")
    }

    @Test func aRequestDuringTheGraceIsRunAfterIt() {
        #expect(play("r-------r-----x-----") { $0.timeout = .seconds(4) } == "---S---T----K----S--")
    }

    @Test func whatCanNotStartYetWaitsAgain() {
        #expect(play("r---n-------") == "---S---S----")
    }

    @Test func whatIsNotNeededAnyMoreIsForgotten() {
        #expect(play("r---w-r-----") == "---S-----S--")
    }

    @Test func whatFailedIsTriedAgainFurtherAndFurtherApart() {
        // The quiet time is 3 s, so the pauses are 6, 12 and 24 s.
        #expect(
            play("r---X------X------------X------------------------X------")
                == "---S------S------------S------------------------S-------")
    }

    @Test func triesAreNoFurtherApartThanMaxInterval() {
        #expect(play("r---X----X----X----X-----") { $0.maxInterval = .seconds(4) } == "---S----S----S----S------")
    }

    @Test func withoutRetriesAFailureIsTheEnd() {
        #expect(play("r---X-----------") { $0.retries = 0 } == "---S------------")
        #expect(play("r---rX----------") { $0.retries = 0 } == "---S----S-------")
    }

    @Test func requestsJoinTheNextTry() {
        #expect(play("r---X-r---------") == "---S------S-----")
        // A request shortly before the try does not delay it: the service may be down.
        #expect(play("r---X----r------") == "---S------S-----")
        #expect(play("r---Xf----------") == "---S-S----------")
        #expect(play("r---Xc----------") == "---S------------")
    }

    @Test func successStartsTheTriesAnew() {
        #expect(play("r---X-----x-r---X-----") { $0.maxInterval = .seconds(4) } == "---S----S------S----S-")
    }

    /// Each run is requested right after the previous run. The pause doubles from the third run on.
    @Test func aLoopIsThrottled() {
        var input = ""
        var last = ""
        // Each run requests the next run a second after its start, and ends at once.
        var starts: [Int] = []
        for second in 0..<200 {
            input += second == 0 || last.suffix(2).first == "S" ? "r" : last.last == "S" ? "x" : "-"
            last = play(input)
            if last.last == "S" { starts.append(second) }
        }
        #expect(starts == [3, 8, 13, 26, 51, 100, 197])
    }

    @Test func newSettingsHoldForWhatWaits() {
        var job = Job(name: "job", command: "true")
        var debouncer = Debouncer(job)
        debouncer.request(at: Instant(sinceStart: .seconds(100)))
        #expect(debouncer.wakeAt == Instant(sinceStart: .seconds(110)))
        job.quiet = .milliseconds(250)
        debouncer.job = job
        #expect(debouncer.wakeAt == Instant(sinceStart: .milliseconds(100_250)))
        #expect(debouncer.phase == .waiting(due: Instant(sinceStart: .milliseconds(100_250))))
    }

    @Test func anEarlyTickDoesNothing() {
        var debouncer = Debouncer(Job(name: "job", command: "true"))
        #expect(debouncer.tick(at: Instant(sinceStart: .zero)) == .none)
        debouncer.request(at: Instant(sinceStart: .zero))
        #expect(debouncer.tick(at: Instant(sinceStart: .seconds(9))) == .none)
        #expect(debouncer.tick(at: Instant(sinceStart: .seconds(10))) == .start)
        #expect(debouncer.phase == .running(ends: Instant(sinceStart: .seconds(70))))
    }
}
