import Basics
import Debounce
import TestSupport
import Testing

/// A hook requests another run after each run. A day is simulated with the built-in settings (quiet 10 s).
@Suite struct WorstLoopTests {
    /// Returns the starts of a day's runs. A run takes `lasts`, and the hook requests the next run `asks` after its
    /// end.
    private func day(lasts: Duration, asks: Duration, isSuccess: Bool = true) -> [Instant] {
        var debouncer = Debouncer(Job(name: "dnsmasq", command: "service dnsmasq restart"))
        let end = Instant(sinceStart: .seconds(24 * 3600))
        var now = Instant(sinceStart: .zero)
        var starts: [Instant] = []
        while true {
            debouncer.request(at: now)
            guard let due = debouncer.wakeAt, due < end else { return starts }
            now = due
            #expect(debouncer.tick(at: now) == .start)
            starts.append(now)
            now = now + lasts
            let ending = debouncer.ended(isSuccess: isSuccess, at: now)
            #expect(isSuccess == (ending == .done))
            now = now + asks
        }
    }

    @Test(
        arguments: [.zero, .milliseconds(300), .seconds(3)] as [Duration],
        [.zero, .seconds(1), .seconds(30)] as [Duration])
    func runsAtMostTwelveTimesInTheFirstHourAndSixAfter(lasts: Duration, asks: Duration) {
        check(day(lasts: lasts, asks: asks), "a run takes \(lasts), the hook asks \(asks) later")
    }

    /// Failed restarts bring their events too. A failure is tried again after its own pause, so the bars differ.
    @Test(arguments: [.zero, .milliseconds(300), .seconds(60)] as [Duration])
    func aLoopOfFailuresIsNoFaster(lasts: Duration) {
        check(
            day(lasts: lasts, asks: .seconds(1), isSuccess: false),
            "a run takes \(lasts) and fails, the hook asks 1 s later", first: 40, later: 20)
    }

    private func check(_ starts: [Instant], _ loop: String, first: Int = 12, later bar: Int = 6) {
        var hours = [Int](repeating: 0, count: 24)
        for start in starts { hours[Int(start.sinceStart.components.seconds / 3600)] += 1 }
        // Counts the hour after each start, instead of hours of the clock.
        let later = starts.filter { $0.sinceStart >= .seconds(3600) }
        let most = later.map { start in later.filter { $0 >= start && $0 - start < .seconds(3600) }.count }.max() ?? 0
        print(
            "worst loop: \(loop):",
            "\(hours[0]) runs in the first hour, at most \(most) in any after, \(starts.count) in the day")
        #expect(hours[0] <= first)
        #expect(most <= bar)
        #expect(hours.dropFirst().allSatisfy { (4...bar).contains($0) })
    }
}
