import Basics

/// Recognises runs that follow each other because each one triggers the next, and spreads them out.
///
/// A hook that asks for a restart in every lease event is asked again by the replay of each restart. Three runs, each
/// requested soon after the end of the one before, look like that; from then on the pause after each run doubles, up
/// to the job's `maxInterval`. A request that comes later than soon ends the chain.
struct RestartLimiter {
    /// Runs in a chain that are not slowed down yet.
    static let free = 3

    private var lastEnd: Instant?
    /// Runs so far, each requested soon after the one before.
    private var chain = 0

    /// "Soon" after a run's end: a few quiet times, and long enough for a replay to begin where that is short.
    private static func soon(_ job: Job) -> Duration {
        max(job.quiet * 3, .seconds(1))
    }

    private func follows(_ requested: Instant, _ job: Job) -> Bool {
        lastEnd.map { requested - $0 <= RestartLimiter.soon(job) } ?? false
    }

    /// A run has ended.
    ///
    /// - Parameter requested: When it was first asked for; what is tried again, when it had failed.
    mutating func ran(requested: Instant, until now: Instant, _ job: Job) {
        chain = follows(requested, job) ? chain + 1 : 1
        lastEnd = now
    }

    /// Until when a request has to wait because of the chain it belongs to; nil: it does not.
    func pause(requested: Instant, _ job: Job) -> Instant? {
        guard chain >= RestartLimiter.free, follows(requested, job), let lastEnd else { return nil }
        return lastEnd + job.interval(doubled: chain - 1)
    }
}

extension Job {
    /// The quiet time (of a second at least) doubled so often, but not above `maxInterval`.
    func interval(doubled times: Int) -> Duration {
        var interval = max(quiet, .seconds(1))
        for _ in 0..<times where interval < maxInterval { interval *= 2 }
        return min(interval, maxInterval)
    }
}
