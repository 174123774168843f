import Basics

/// A requester: an alias that changed, a client whose lease changed, a line written by hand.
///
/// A hook that requests a restart in every lease event is called again by the replay of each restart. A requester that
/// triggered three runs in a row, each soon after the last, is probably triggered by the runs themselves. From then on the
/// pause after each run that it triggers doubles, up to the job's `maxInterval`, until the requester has been calm. No
/// other requester waits for that.
struct Requester: Equatable, Sendable {
    /// The number of runs in a chain that are not throttled yet.
    static let free = 3

    let name: ByteString
    /// A request waits that no run has covered yet.
    private(set) var isWaiting = false
    /// The first and the last of the waiting requests.
    private var first = Instant(sinceStart: .zero)
    private(set) var last = Instant(sinceStart: .zero)
    /// A request is covered by the run that goes on, or that failed and is tried again.
    private(set) var isCovered = false
    /// The requester triggered that run.
    private var isTrigger = false
    /// The number of runs that the requester triggered, each soon after the one before.
    private var chain = 0
    /// The end of the last run in the chain.
    private var chainEnd = Instant(sinceStart: .zero)
    /// The last request, or the end of the last run that covered a request.
    private var lastSign = Instant(sinceStart: .zero)

    init(_ name: ByteString) {
        self.name = name
    }

    /// The requester's requests wait longer than the quiet time.
    var isThrottled: Bool { chain >= Requester.free }

    /// The end of the pause, if the requester is throttled.
    private func pauseEnd(_ job: Job) -> Instant { chainEnd + job.interval(doubled: chain - 1) }

    /// Nothing waits, and nothing was requested for a few quiet times, and for long enough that a replay would have begun.
    /// What the requester did before then makes no difference.
    func isCalm(at now: Instant, _ job: Job) -> Bool {
        !isWaiting && !isCovered && lastSign + max(job.quiet * 3, .seconds(1)) < now
    }

    mutating func request(at now: Instant, _ job: Job) {
        if isCalm(at: now, job) { chain = 0 }
        if !isWaiting { first = now }
        isWaiting = true
        last = max(last, now)
        lastSign = last
    }

    /// When the waiting requests are due.
    ///
    /// - Parameter others: The last request of all requesters that are not throttled.
    /// - Returns: The moment, and whether throttling has put it off.
    func due(_ job: Job, others: Instant) -> (due: Instant, isPutOff: Bool) {
        let due = (isThrottled ? last : others) + job.quiet
        let unthrottled = job.maxWait > .zero ? min(due, first + job.maxWait) : due
        guard isThrottled else { return (unthrottled, false) }
        return (max(unthrottled, pauseEnd(job)), pauseEnd(job) > unthrottled)
    }

    /// A run begins that covers the waiting requests.
    mutating func cover(isTrigger: Bool) {
        isWaiting = false
        isCovered = true
        if isTrigger { self.isTrigger = true }
    }

    /// A run has ended: the quiet time of requests made during the run starts.
    mutating func restartQuietTime(at now: Instant) {
        if isWaiting { last = now }
    }

    /// A run has ended, and is not tried again.
    mutating func runEnded(at now: Instant) {
        guard isCovered else { return }
        if isTrigger {
            chain += 1
            chainEnd = now
        }
        lastSign = max(lastSign, now)
        uncover()
    }

    /// The run did not take place.
    mutating func uncover() {
        isCovered = false
        isTrigger = false
    }

    /// Forgets the waiting requests.
    mutating func cancel() {
        isWaiting = false
    }
}

extension Job {
    /// Returns the quiet time, or a second if that is more, doubled `times` times, but `maxInterval` at most.
    func interval(doubled times: Int) -> Duration {
        var interval = max(quiet, .seconds(1))
        for _ in 0..<times where interval < maxInterval { interval *= 2 }
        return min(interval, maxInterval)
    }
}
