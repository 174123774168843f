import Basics
import Debounce
import TestSupport
import Testing

/// Many random settings, each with 10,000 random inputs: the rules have to hold after each input.
@Suite struct RandomSequenceTests {
    /// The facts that the rules need, computed without the state machine.
    private struct Witness {
        var isRunning = false
        var runStarted = Instant(sinceStart: .zero)
        var runEnded = Instant(sinceStart: .zero)
        /// The first and the last request without a run so far.
        var first: Instant?
        var last = Instant(sinceStart: .zero)
        var isFlushed = false
        /// The earliest moment of the next try after a failure.
        var retry: Instant?
        var runs = 0
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func rulesHold(number: UInt64) {
        var random = SeededGenerator(number)
        var job = Job(name: "job", command: "true")
        job.quiet = .milliseconds(Int.random(in: 0...3000, using: &random))
        job.maxWait = Bool.random(using: &random) ? .zero : .milliseconds(Int.random(in: 1...9000, using: &random))
        job.retries = Int.random(in: 0...3, using: &random)
        job.maxInterval = .milliseconds(Int.random(in: 0...20_000, using: &random))
        job.timeout = Bool.random(using: &random) ? .zero : .milliseconds(Int.random(in: 1...9000, using: &random))
        var debouncer = Debouncer(job)
        var witness = Witness()
        var now = Instant(sinceStart: .seconds(1))

        for step in 0..<10_000 {
            now = now + .milliseconds(Int.random(in: 0...700, using: &random))
            // The timer is mostly in time, but now and then the machine is busy.
            if let wakeAt = debouncer.wakeAt, wakeAt < now, Int.random(in: 0..<8, using: &random) > 0 { now = wakeAt }

            switch Int.random(in: 0..<10, using: &random) {
            case 0...2:
                debouncer.request(at: now)
                witness.first = witness.first ?? now
                witness.last = now
            case 3 where Int.random(in: 0..<5, using: &random) == 0:
                debouncer.flush()
                witness.isFlushed = witness.first != nil
            case 4 where Int.random(in: 0..<5, using: &random) == 0:
                debouncer.cancel()
                witness.first = nil
                witness.retry = nil
                witness.isFlushed = false
            case 5...6 where witness.isRunning:
                let ending = debouncer.ended(isSuccess: Int.random(in: 0..<4, using: &random) > 0, at: now)
                witness.isRunning = false
                witness.runEnded = now
                witness.retry = nil
                if case .retry(let number, let pause) = ending {
                    #expect((1...job.retries).contains(number), "too many tries, step \(step)")
                    witness.retry = now + pause
                    witness.first = witness.first ?? now
                }
            default:
                break
            }

            switch debouncer.tick(at: now) {
            case .none: break
            case .start:
                #expect(!witness.isRunning, "two runs at once, step \(step)")
                guard let first = witness.first else {
                    Issue.record("a run that nobody asked for, step \(step)")
                    return
                }
                let quiet = now - max(witness.last, witness.runEnded)
                let waited = job.maxWait > .zero && now - first >= job.maxWait
                let retried = witness.retry.map { $0 <= now } ?? false
                #expect(quiet >= job.quiet || waited || retried || witness.isFlushed, "too early, step \(step)")
                if let retry = witness.retry, !witness.isFlushed {
                    #expect(now >= retry, "tried again too early, step \(step)")
                }
                witness.isRunning = true
                witness.runStarted = now
                witness.first = nil
                witness.isFlushed = false
                witness.runs += 1
            case .terminate, .kill:
                #expect(witness.isRunning, "nothing to end, step \(step)")
                #expect(job.timeout > .zero && now - witness.runStarted >= job.timeout, "too early, step \(step)")
            }

            // A waiting request has a time to wake at, within a bound, while nothing runs.
            if !witness.isRunning, witness.first != nil {
                guard let wakeAt = debouncer.wakeAt else {
                    Issue.record("a request is forgotten, step \(step)")
                    return
                }
                // At most one pause, of at most the longest interval, comes on top.
                let latest = max(witness.last, witness.runEnded) + job.quiet
                #expect(wakeAt <= max(latest, witness.runEnded + job.maxInterval), "too late, step \(step)")
            }
            if !witness.isRunning, witness.first == nil {
                #expect(debouncer.wakeAt == nil, "wakes without a reason, step \(step)")
            }
        }
        #expect(witness.runs > 50)
    }
}
