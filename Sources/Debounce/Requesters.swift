import Basics

/// A requester: an alias that changed, a client with a changed lease, a line written by hand.
///
/// A hook that requests a restart for every lease event is called again by the replay after each restart. A requester
/// that triggered three runs in a row, each soon after the last, is probably triggered by the runs themselves. Then the
/// pause after each run that it triggers doubles, up to the job's `maxInterval`, until the requester has been calm.
struct Requester: Equatable, Sendable {
    /// The number of runs in a chain that are not throttled.
    static let free = 3

    let name: ByteString
    fileprivate(set) var isWaiting = false
    private var first = Instant(sinceStart: .zero)
    fileprivate var last = Instant(sinceStart: .zero)
    /// The present run, or the failed run that is tried again, carries out a request of this requester.
    fileprivate var isCovered = false
    /// The requester triggered the present run.
    fileprivate var isTrigger = false
    /// The number of runs that the requester triggered, each soon after the last.
    private var chain = 0
    private var chainEnd = Instant(sinceStart: .zero)
    /// The moment of the last request, or of the end of the last run that covered one.
    private var lastSign = Instant(sinceStart: .zero)

    fileprivate init(_ name: ByteString) { self.name = name }

    var isThrottled: Bool { chain >= Requester.free }

    /// No request waits, and three quiet times have passed since `lastSign`. Then the chain starts anew.
    fileprivate func isCalm(at now: Instant, _ job: Job) -> Bool {
        !isWaiting && !isCovered && lastSign + max(job.quiet * 3, .seconds(1)) < now
    }

    fileprivate mutating func request(at now: Instant, _ job: Job) {
        if isCalm(at: now, job) { chain = 0 }
        if !isWaiting { first = now }
        (isWaiting, last) = (true, max(last, now))
        lastSign = last
    }

    /// Returns when the waiting requests are due, and whether throttling has delayed them.
    /// - Parameters:
    ///   - others: The last request of all requesters that are not throttled.
    ///   - pauseEnd: The end of the pause that applies to all requesters.
    fileprivate func due(_ job: Job, others: Instant, pauseEnd: Instant) -> (due: Instant, isPutOff: Bool) {
        let due = (isThrottled ? last : others) + job.quiet
        let unthrottled = job.maxWait > .zero ? min(due, first + job.maxWait) : due
        let throttled = max(pauseEnd, isThrottled ? chainEnd + job.interval(doubled: chain - 1) : unthrottled)
        return (max(unthrottled, throttled), throttled > unthrottled)
    }

    fileprivate mutating func runEnded(at now: Instant) {
        if isTrigger { (chain, chainEnd) = (chain + 1, now) }
        lastSign = max(lastSign, now)
        (isCovered, isTrigger) = (false, false)
    }
}

extension Job {
    /// Returns the quiet time, at least a second, doubled `times` times, at most `maxInterval`.
    func interval(doubled times: Int) -> Duration {
        var interval = max(quiet, .seconds(1))
        for _ in 0..<times where interval < maxInterval { interval *= 2 }
        return min(interval, maxInterval)
    }
}

/// The requesters of one job, and the runs that they have triggered.
struct Requesters: Equatable, Sendable {
    /// The number of requesters with an entry of their own. Requesters beyond this limit share one entry, `others`.
    static let limit = 32
    /// The number of runs within six times `maxInterval` without a pause. With pauses there are at most 30.
    static let freeRuns = 20

    private(set) var all: [Requester] = []
    private var ends: [Instant] = []

    var areWaiting: Bool { all.contains { $0.isWaiting } }

    var throttled: [ByteString] { all.filter { $0.isThrottled && $0.isWaiting }.map { $0.name } }

    mutating func request(from name: ByteString, at now: Instant, _ job: Job) {
        all[place(of: name, at: now, job)].request(at: now, job)
    }

    /// The entry of a requester. A calm requester gives its entry to a new one.
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

    /// Returns when the next run is due, and whether throttling has delayed it; nil if no request waits.
    func due(_ job: Job) -> (due: Instant, isPutOff: Bool)? {
        var next: (due: Instant, isPutOff: Bool)?
        let (last, pauseEnd) = (lastUnthrottled, pauseEnd(job))
        for requester in all where requester.isWaiting {
            let new = requester.due(job, others: last, pauseEnd: pauseEnd)
            if next.map({ new.due < $0.due || new.due == $0.due && !new.isPutOff }) ?? true { next = new }
        }
        return next
    }

    /// A run begins: it covers all waiting requests. A requester has triggered the run if its requests are due.
    mutating func cover(at now: Instant, _ job: Job) {
        let (last, pauseEnd) = (lastUnthrottled, pauseEnd(job))
        for place in all.indices where all[place].isWaiting {
            let due = all[place].due(job, others: last, pauseEnd: pauseEnd).due
            (all[place].isWaiting, all[place].isCovered) = (false, true)
            if due <= now { all[place].isTrigger = true }
        }
    }

    /// The last request of all requesters that are not throttled.
    private var lastUnthrottled: Instant {
        all.filter { $0.isWaiting && !$0.isThrottled }.reduce(Instant(sinceStart: .zero)) { max($0, $1.last) }
    }

    /// A run has ended: the quiet time of requests made during the run starts.
    mutating func restartQuietTime(at now: Instant) {
        for place in all.indices where all[place].isWaiting { all[place].last = now }
    }

    mutating func runEnded(at end: Instant, _ job: Job) {
        for place in all.indices where all[place].isCovered { all[place].runEnded(at: end) }
        while let first = ends.first, end - first >= job.maxInterval * 6 { ends.removeFirst() }
        ends.append(end)
    }

    /// The run did not take place.
    /// - Parameter retry: When the covered requests are made again; nil if they are withdrawn.
    mutating func uncover(requestingAgainAt retry: Instant?, _ job: Job) {
        for place in all.indices where all[place].isCovered {
            // The requester is covered here, so it is not calm, and its chain stays.
            if let retry { all[place].request(at: retry, job) }
            (all[place].isCovered, all[place].isTrigger) = (false, false)
        }
    }

    mutating func cancel() { for place in all.indices { all[place].isWaiting = false } }

    /// The end of the pause for all requesters after `freeRuns`. It doubles, from a sixteenth of `maxInterval` on.
    private func pauseEnd(_ job: Job) -> Instant {
        guard ends.count >= Requesters.freeRuns, let end = ends.last else { return Instant(sinceStart: .zero) }
        let halved = Int64(max(0, 4 + Requesters.freeRuns - ends.count))
        return end + .milliseconds(job.maxInterval.milliseconds >> halved)
    }
}
