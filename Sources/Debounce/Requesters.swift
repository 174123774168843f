import Basics

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
        let (last, pauseEnd) = (lastUnthrottled, pauseEnd(job))
        var next: (due: Instant, isPutOff: Bool)?
        for requester in all where requester.isWaiting {
            var (due, isPutOff) = requester.due(job, others: last)
            if due < pauseEnd { (due, isPutOff) = (pauseEnd, true) }
            if next.map({ due < $0.due || due == $0.due && !isPutOff }) ?? true { next = (due, isPutOff) }
        }
        return next
    }

    /// A run begins: it covers all waiting requests, and the requesters whose requests are due have triggered it.
    mutating func cover(at now: Instant, _ job: Job) {
        let (last, pauseEnd) = (lastUnthrottled, pauseEnd(job))
        for place in all.indices where all[place].isWaiting {
            let due = max(all[place].due(job, others: last).due, pauseEnd)
            all[place].cover(isTrigger: due <= now)
        }
    }

    mutating func restartQuietTime(at now: Instant) {
        for place in all.indices { all[place].restartQuietTime(at: now) }
    }

    /// A run has ended, and is not tried again.
    mutating func runEnded(at end: Instant, _ job: Job) {
        for place in all.indices { all[place].runEnded(at: end) }
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
            all[place].uncover()
        }
    }

    mutating func cancel() {
        for place in all.indices { all[place].cancel() }
    }

    /// The last waiting request of a requester that is not throttled.
    private var lastUnthrottled: Instant {
        var last = Instant(sinceStart: .zero)
        for requester in all where requester.isWaiting && !requester.isThrottled { last = max(last, requester.last) }
        return last
    }

    /// The end of the pause that all requesters wait for after too many runs. The pauses double from a sixteenth of the
    /// longest interval on.
    private func pauseEnd(_ job: Job) -> Instant {
        guard ends.count >= Requesters.freeRuns, let end = ends.last else { return Instant(sinceStart: .zero) }
        let halved = Int64(max(0, 4 + Requesters.freeRuns - ends.count))
        return end + .milliseconds(job.maxInterval.milliseconds >> halved)
    }
}
