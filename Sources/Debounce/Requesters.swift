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
    fileprivate(set) var isWaiting = false
    /// The first and the last of the waiting requests.
    private var first = Instant(sinceStart: .zero)
    fileprivate var last = Instant(sinceStart: .zero)
    /// A request is covered by the run that goes on, or that failed and is tried again.
    fileprivate var isCovered = false
    /// The requester triggered that run.
    fileprivate var isTrigger = false
    /// The number of runs that the requester triggered, each soon after the one before.
    private var chain = 0
    /// The end of the last run in the chain.
    private var chainEnd = Instant(sinceStart: .zero)
    /// The last request, or the end of the last run that covered a request.
    private var lastSign = Instant(sinceStart: .zero)

    fileprivate init(_ name: ByteString) { self.name = name }

    /// The requester's requests wait longer than the quiet time.
    var isThrottled: Bool { chain >= Requester.free }

    /// Nothing waits, and nothing was requested for a few quiet times, and for long enough that a replay would have begun.
    /// What the requester did before then makes no difference.
    fileprivate func isCalm(at now: Instant, _ job: Job) -> Bool {
        !isWaiting && !isCovered && lastSign + max(job.quiet * 3, .seconds(1)) < now
    }

    fileprivate mutating func request(at now: Instant, _ job: Job) {
        if isCalm(at: now, job) { chain = 0 }
        if !isWaiting { first = now }
        (isWaiting, last) = (true, max(last, now))
        lastSign = last
    }

    /// When the waiting requests are due.
    ///
    /// - Parameters:
    ///   - others: The last request of all requesters that are not throttled.
    ///   - pauseEnd: The end of the pause that all requesters wait for.
    /// - Returns: The moment, and whether throttling has put it off.
    fileprivate func due(_ job: Job, others: Instant, pauseEnd: Instant) -> (due: Instant, isPutOff: Bool) {
        let due = (isThrottled ? last : others) + job.quiet
        let unthrottled = job.maxWait > .zero ? min(due, first + job.maxWait) : due
        let throttled = max(pauseEnd, isThrottled ? chainEnd + job.interval(doubled: chain - 1) : unthrottled)
        return (max(unthrottled, throttled), throttled > unthrottled)
    }

    /// A run that covered a request has ended, and is not tried again.
    fileprivate mutating func runEnded(at now: Instant) {
        if isTrigger { (chain, chainEnd) = (chain + 1, now) }
        lastSign = max(lastSign, now)
        (isCovered, isTrigger) = (false, false)
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

/// The requesters of one job, and the runs that they have led to.
struct Requesters: Equatable, Sendable {
    /// The number of requesters that are told apart. Requesters beyond this limit share one entry, `others`.
    static let limit = 32
    /// The number of runs within six of the job's `maxInterval` (an hour) that follow each other without a pause, whoever
    /// the requesters are. With the pauses from then on, there are at most 30.
    static let freeRuns = 20

    /// Requesters whose request waits or is covered, or was made a while ago.
    private(set) var all: [Requester] = []
    /// The ends of the last runs.
    private var ends: [Instant] = []

    var areWaiting: Bool { all.contains { $0.isWaiting } }

    /// The names of the requesters whose requests wait longer than the quiet time.
    var throttled: [ByteString] { all.filter { $0.isThrottled && $0.isWaiting }.map { $0.name } }

    mutating func request(from name: ByteString, at now: Instant, _ job: Job) {
        all[place(of: name, at: now, job)].request(at: now, job)
    }

    /// A calm requester gives its place to a new one.
    private mutating func place(of name: ByteString, at now: Instant, _ job: Job) -> Int {
        var free = all.count
        for place in all.indices {
            if all[place].name == name { return place }
            if place < Requesters.limit, all[place].isCalm(at: now, job) { free = place }
        }
        if free >= Requesters.limit, name != Request.others { return place(of: Request.others, at: now, job) }
        if free == all.count { all.append(Requester(name)) } else { all[free] = Requester(name) }
        return free
    }

    /// When the next run is due: as soon as the requests of any requester are.
    ///
    /// - Returns: The moment, and whether throttling has put it off; nil if no request waits.
    func due(_ job: Job) -> (due: Instant, isPutOff: Bool)? {
        var next: (due: Instant, isPutOff: Bool)?
        let (last, pauseEnd) = (lastUnthrottled, pauseEnd(job))
        for requester in all where requester.isWaiting {
            let new = requester.due(job, others: last, pauseEnd: pauseEnd)
            if next.map({ new.due < $0.due || new.due == $0.due && !new.isPutOff }) ?? true { next = new }
        }
        return next
    }

    /// A run begins: it covers all waiting requests, and the requesters whose requests are due have triggered it.
    mutating func cover(at now: Instant, _ job: Job) {
        let (last, pauseEnd) = (lastUnthrottled, pauseEnd(job))
        for place in all.indices where all[place].isWaiting {
            let due = all[place].due(job, others: last, pauseEnd: pauseEnd).due
            (all[place].isWaiting, all[place].isCovered) = (false, true)
            if due <= now { all[place].isTrigger = true }
        }
    }

    /// The last request that is not throttled.
    private var lastUnthrottled: Instant {
        all.filter { $0.isWaiting && !$0.isThrottled }.reduce(Instant(sinceStart: .zero)) { max($0, $1.last) }
    }

    /// A run has ended: the quiet time of requests made during the run starts.
    mutating func restartQuietTime(at now: Instant) {
        for place in all.indices where all[place].isWaiting { all[place].last = now }
    }

    /// A run has ended, and is not tried again.
    mutating func runEnded(at end: Instant, _ job: Job) {
        for place in all.indices where all[place].isCovered { all[place].runEnded(at: end) }
        while let first = ends.first, end - first >= job.maxInterval * 6 { ends.removeFirst() }
        ends.append(end)
    }

    /// The run did not take place.
    ///
    /// - Parameter retry: When the requests that it covered are made again; nil if none is needed any more.
    mutating func uncover(requestingAgainAt retry: Instant?, _ job: Job) {
        for place in all.indices where all[place].isCovered {
            // While it is covered, the requester is not calm.
            if let retry { all[place].request(at: retry, job) }
            (all[place].isCovered, all[place].isTrigger) = (false, false)
        }
    }

    /// Forgets the waiting requests.
    mutating func cancel() { for place in all.indices { all[place].isWaiting = false } }

    /// The end of the pause that all requesters wait for after too many runs. The pauses double from a sixteenth of the
    /// longest interval on.
    private func pauseEnd(_ job: Job) -> Instant {
        guard ends.count >= Requesters.freeRuns, let end = ends.last else { return Instant(sinceStart: .zero) }
        let halved = Int64(max(0, 4 + Requesters.freeRuns - ends.count))
        return end + .milliseconds(job.maxInterval.milliseconds >> halved)
    }
}
