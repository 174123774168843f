import Basics

/// Somebody who asks for the command: an alias that changed, a client whose lease changed, a line written by hand.
///
/// A hook that asks for a restart in every lease event is asked again by the replay of each restart. So whoever made three
/// runs due, and asked soon after each for the next, seems to be asked by the runs themselves. From then on the pause after
/// each run that he makes due doubles, up to the job's `maxInterval`, until he has been calm. Nobody else waits for that.
public final class Requester {
    /// Runs in a chain that are not throttled yet.
    static let free = 3

    public let name: ByteString
    /// He has asked for something that no run has covered yet.
    public private(set) var isWaiting = false
    /// The first and the last of these requests.
    private(set) var first = Instant(sinceStart: .zero)
    private(set) var last = Instant(sinceStart: .zero)
    /// The run that goes on, or that failed and is tried again, covers a request of his.
    private(set) var isCovered = false
    /// And his request made that run due.
    private var hasMadeItDue = false
    /// The runs that he made due, each asked for soon after the one before.
    private var chain = 0
    /// When the last of them ended.
    private var lastEnd = Instant(sinceStart: .zero)
    /// When he asked last, or a run ended that covered what he had asked for.
    private var lastSign = Instant(sinceStart: .zero)

    init(_ name: ByteString) {
        self.name = name
    }

    /// What he asks for waits longer than the quiet time.
    public var isThrottled: Bool { chain >= Requester.free }

    /// Until when that waits, if he is throttled.
    func pause(_ job: Job) -> Instant { lastEnd + job.interval(doubled: chain - 1) }

    /// From when on he is throttled no more, if he does not ask before: "soon" after a run's end are a few quiet times,
    /// and long enough for a replay to begin where that is short.
    private func calm(_ job: Job) -> Instant { lastSign + max(job.quiet * 3, .seconds(1)) }

    /// He waits for nothing and has not asked for a while. Then it makes no difference what he did before.
    func isCalm(at now: Instant, _ job: Job) -> Bool { !isWaiting && !isCovered && calm(job) < now }

    func ask(at now: Instant, _ job: Job) {
        if isCalm(at: now, job) { chain = 0 }
        if !isWaiting { first = now }
        isWaiting = true
        last = max(last, now)
        lastSign = last
    }

    /// When what he asked for is due if he is not throttled.
    ///
    /// - Parameter last: The last request that counts.
    func due(_ job: Job, last: Instant) -> Instant {
        let due = last + job.quiet
        return job.maxWait > .zero ? min(due, first + job.maxWait) : due
    }

    /// A run begins that covers what he has asked for.
    ///
    /// - Parameter isDue: He made it due.
    func cover(isDue: Bool) {
        isWaiting = false
        isCovered = true
        if isDue { hasMadeItDue = true }
    }

    /// What he asks for during a run has its quiet time after it.
    func wait(from now: Instant) {
        if isWaiting { last = now }
    }

    /// A run has ended, and is not tried again.
    func runEnded(at now: Instant) {
        guard isCovered else { return }
        if hasMadeItDue {
            chain += 1
            lastEnd = now
        }
        lastSign = now
        uncover()
    }

    /// The run did not take place.
    func uncover() {
        isCovered = false
        hasMadeItDue = false
    }

    /// What he asked for is forgotten.
    func cancel() {
        isWaiting = false
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
