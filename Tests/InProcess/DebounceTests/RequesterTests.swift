import Basics
import TestSupport
import Testing

@testable import Debounce

/// A requester that repeats itself is throttled, and no other requester waits for it. An ordinary day and a bad one are
/// simulated with the built-in settings: quiet 10 s, at most 60 s in all, longest interval 600 s.
@Suite struct RequesterTests {
    private static let job = Job(name: "dnsmasq", command: "service dnsmasq restart")

    private struct Outcome {
        var events = 0
        var starts: [Duration] = []
        /// The longest wait of each requester for the start of a run.
        var waits: [String: Duration] = [:]

        /// Returns the most runs in any hour that starts with a run in `range`, in seconds.
        func most(in range: Range<Int>) -> Int {
            let inside = starts.filter { $0 >= .seconds(range.lowerBound) && $0 < .seconds(range.upperBound) }
            return inside.map { start in inside.filter { $0 >= start && $0 - start < .seconds(3600) }.count }.max() ?? 0
        }
    }

    /// - Parameters:
    ///   - moments: The time of each request in seconds, and its requester.
    ///   - set: Changes the built-in settings.
    private func play(_ name: String, _ moments: [(Double, String)], _ set: (inout Job) -> Void = { _ in }) -> Outcome {
        var job = Self.job
        set(&job)
        var outcome = Outcome()
        var waiting: [(requester: String, since: Duration)] = []
        var debouncer = Debouncer(job)
        func advance(to end: Instant?) {
            while let due = debouncer.wakeAt, end.map({ due < $0 }) ?? true {
                guard case .start = debouncer.tick(at: due) else { continue }
                outcome.starts.append(due.sinceStart)
                for (requester, since) in waiting {
                    outcome.waits[requester] = max(outcome.waits[requester] ?? .zero, due.sinceStart - since)
                }
                waiting = []
                _ = debouncer.ended(isSuccess: true, at: due)
            }
        }
        for (moment, requester) in moments.sorted(by: { $0.0 < $1.0 }) {
            let now = Instant(sinceStart: .milliseconds(Int(moment * 1000)))
            advance(to: now)
            outcome.events += 1
            waiting.append((requester, now.sinceStart))
            debouncer.request(from: ByteString(requester), at: now)
        }
        advance(to: nil)
        let longest = outcome.waits.values.max() ?? .zero
        print(
            "requesters: \(name): \(outcome.events) events, \(outcome.starts.count) runs,",
            "\(outcome.most(in: 0..<3600)) in the first hour, at most \(outcome.most(in: 3600..<1_000_000)) in any later,",
            "longest wait \(longest)")
        return outcome
    }

    private func flips(_ name: String, every seconds: Double, for hours: Double = 1, from start: Double = 0) -> [(
        Double, String
    )] {
        stride(from: start, to: start + hours * 3600, by: seconds).map { ($0, name) }
    }

    @Test(arguments: [15.0, 20, 25, 30, 40])
    func twentyMachinesWaitForNothingButTheQuietTime(apart: Double) {
        let outcome = play("20 machines \(apart) s apart", (0..<20).map { (Double($0) * apart, "alias m\($0)") })
        #expect(outcome.starts.count == 20)
        #expect(outcome.waits.count == 20)
        #expect(outcome.waits.values.allSatisfy { $0 <= .seconds(15) }, "\(outcome.waits)")
    }

    /// Requests closer together than the quiet time share a run, unless the longest wait splits them.
    @Test func machinesThatComeTogetherWaitForEachOther() {
        let outcome = play("20 machines 5 s apart", (0..<20).map { (Double($0) * 5, "alias m\($0)") })
        #expect(outcome.starts.count == 2)
        #expect(outcome.waits.values.allSatisfy { $0 <= .seconds(60) }, "\(outcome.waits)")
    }

    @Test(arguments: [1.5, 15], [1, 2])
    func whoFlipsIsThrottledAndNobodyElse(every seconds: Double, clients: Int) {
        let hours = 3.0
        var moments: [(Double, String)] = []
        for client in 0..<clients {
            moments += flips("alias flip\(client)", every: seconds, for: hours, from: Double(client) * 0.4)
        }
        // Another machine comes now and then.
        let others = stride(from: 100.0, to: hours * 3600, by: 1234.5).map { $0 }
        for moment in others { moments.append((moment, "alias other")) }
        let outcome = play("\(clients) that flip every \(seconds) s, another machine", moments)
        #expect(outcome.most(in: 0..<3600) <= 12 * clients + 3)
        #expect(outcome.most(in: 3600..<1_000_000) <= 6 * clients + 3)
        // Two flipping clients cause so many runs that the pause of all requesters adds to the waits of the first hour.
        #expect(outcome.waits["alias other"]! <= .seconds(clients == 1 ? 65 : 80))
        let alone = play("\(clients) that flip every \(seconds) s", moments.filter { $0.1 != "alias other" })
        #expect(alone.most(in: 0..<3600) <= 12 * clients)
        #expect(alone.most(in: 3600..<1_000_000) <= 6 * clients)
    }

    /// Every hour has at most 30 runs, at any pace.
    @Test(arguments: [12.0, 29, 31, 45, 61, 119])
    func thirtyRunsInAnHourWhoeverAsks(every seconds: Double) {
        let day = stride(from: 0.0, to: 24 * 3600, by: seconds).map { $0 }
        let strangers = play("a new client every \(seconds) s", day.enumerated().map { ($1, "lease \($0)") })
        #expect(strangers.most(in: 0..<1_000_000) <= 30)
        // Each wait is at most the longest interval and a quiet time.
        #expect(strangers.waits.values.allSatisfy { $0 <= .seconds(660) })
        let one = play("one client every \(seconds) s", day.map { ($0, "lease one") })
        #expect(one.most(in: 0..<1_000_000) <= 30)
    }

    /// Requesters beyond the limit share one entry, and no request is forgotten.
    @Test func manyAtOnceShareAPlace() {
        let storm = (0..<500).map { (Double($0) * 0.01, "lease \($0)") }
        let outcome = play("a storm of 500 clients", storm)
        #expect(outcome.starts.count == 1)
        #expect(outcome.waits.count == 500)
        let storms = (0..<10).flatMap { round in storm.map { ($0.0 + Double(round) * 17, $0.1) } }
        let again = play("10 storms of 500 clients", storms)
        #expect(again.most(in: 0..<3600) <= 12)
        #expect(again.waits.count == 500)
    }

    /// Three requests run after their quiet time. The fourth is throttled until the requester has been calm.
    @Test func theFourthByHandIsThrottled() {
        var debouncer = Debouncer(Self.job)
        var now = Instant(sinceStart: .zero)
        func runs() -> Duration {
            debouncer.request(from: "manual", at: now)
            let due = debouncer.wakeAt!
            defer { now = due }
            #expect(debouncer.tick(at: due) == .start)
            _ = debouncer.ended(isSuccess: true, at: due)
            return due - now
        }
        for _ in 1...3 {
            #expect(!debouncer.requesters.all.contains { $0.isThrottled })
            #expect(runs() == .seconds(10))
            now = now + .seconds(5)
        }
        debouncer.request(from: "manual", at: now)
        #expect(debouncer.phase == .throttled(due: now + .seconds(35)))
        #expect(debouncer.requesters.all.filter { $0.isThrottled }.map { $0.name } == ["manual"])
        // Another requester is not throttled, and its run covers the throttled request too.
        debouncer.request(from: "alias m", at: now)
        #expect(debouncer.phase == .waiting(due: now + .seconds(10)))
        now = now + .seconds(10)
        #expect(debouncer.tick(at: now) == .start)
        _ = debouncer.ended(isSuccess: true, at: now)
        #expect(!debouncer.isWaiting)
        // A covered requester does not count as calm.
        now = now + .seconds(5)
        debouncer.request(from: "manual", at: now)
        #expect(debouncer.phase == .throttled(due: now + .seconds(20)))
        debouncer.cancel()
        now = now + .seconds(31)
        #expect(runs() == .seconds(10))
        #expect(!debouncer.requesters.all.contains { $0.isThrottled })
    }

    /// A failure has its own pause, independent of throttling.
    @Test func aFailureIsTriedAgainAfterItsOwnPause() {
        var debouncer = Debouncer(Self.job)
        var now = Instant(sinceStart: .zero)
        func run(isSuccess: Bool) {
            now = debouncer.wakeAt!
            #expect(debouncer.tick(at: now) == .start)
            _ = debouncer.ended(isSuccess: isSuccess, at: now)
        }
        for _ in 1...6 {
            debouncer.request(from: "hook", at: now)
            run(isSuccess: true)
        }
        debouncer.request(from: "hook", at: now)
        run(isSuccess: false)
        for pause in [20, 40, 80] {
            debouncer.request(from: "hook", at: now + .seconds(1))
            #expect(debouncer.phase == .retrying(due: now + .seconds(pause)))
            run(isSuccess: pause == 80)
        }
    }
}
