import Basics

@testable import Debounce

/// A second implementation of the rules in the doc comments of `Debouncer` and `Requester`. It keeps lists of past
/// events instead of state. Moments are milliseconds. The model follows the code where those comments are silent, and
/// says so.
struct PlainModel {
    enum Step { case command, verification, terminated, killed }

    struct Requester {
        let name: ByteString
        /// The last request, or the end of the last run that covered a request.
        var lastSign: Int
        /// The ends of the runs that the requester triggered since it was calm.
        var triggered: [Int] = []
    }

    /// A request that no run has covered yet.
    struct Wish {
        /// The index of its requester in `requesters`.
        let place: Int
        let made: Int
        /// The start of its quiet time.
        var quietSince: Int
    }

    var job: Job
    private(set) var requesters: [Requester] = []
    private(set) var waiting: [Wish] = []
    /// The requesters of the current run, or of a failed run that is tried again.
    private var covered: [Int] = []
    /// The requesters that triggered that run.
    private var triggers: [Int] = []
    /// The ends of all runs that count for the pause of all requesters.
    private var ends: [Int] = []
    private(set) var isFlushed = false
    private var failures = 0
    private(set) var retry: (ended: Int, due: Int)?
    private(set) var step: Step?
    private var since = 0

    init(_ job: Job) {
        self.job = job
    }

    // MARK: Output

    var isWaiting: Bool { !waiting.isEmpty || step == nil && retry != nil }

    var throttled: [ByteString] {
        waitingPlaces.filter { isThrottled($0) }.map { requesters[$0].name }
    }

    var wakeAt: Int? {
        switch step {
        case .command: return job.timeout > .zero ? since + job.timeout.inMilliseconds : nil
        case .verification: return since + 60_000
        case .terminated: return since + 5_000
        case .killed: return nil
        case nil:
            if isFlushed { return 0 }
            return retry?.due ?? next?.due
        }
    }

    var phase: Debouncer.Phase {
        if step == nil, retry == nil, !isFlushed {
            guard let next else { return .idle }
            return next.isPutOff ? .throttled(due: Instant(next.due)) : .waiting(due: Instant(next.due))
        }
        let end = wakeAt.map { Instant($0) }
        if step != nil { return .running(ends: end) }
        return retry != nil ? .retrying(due: end!) : .waiting(due: end!)
    }

    /// The moment at which waiting requests are due, and whether throttling has put off all requests due then.
    private var next: (due: Int, isPutOff: Bool)? {
        let dues = dues
        guard let first = dues.map({ $0.due }).min() else { return nil }
        return (first, dues.allSatisfy { $0.isPutOff || $0.due > first })
    }

    // MARK: Inputs

    mutating func request(from name: ByteString, at now: Int) {
        let place = place(of: name, at: now)
        if isCalm(place, at: now) { requesters[place].triggered = [] }
        add(place, at: now)
    }

    private mutating func add(_ place: Int, at now: Int) {
        requesters[place].lastSign = now
        waiting.append(Wish(place: place, made: now, quietSince: now))
    }

    mutating func flush() {
        if isWaiting { isFlushed = true }
    }

    mutating func cancel() {
        waiting = []
        isFlushed = false
        if step == nil, let retry { close(at: retry.ended) }
    }

    mutating func tick(at now: Int) -> Debouncer.Action {
        guard let wakeAt, wakeAt <= now else { return .none }
        since = now
        switch step {
        case .command, .verification:
            step = .terminated
            return .terminate
        case .terminated, .killed:
            step = .killed
            return .kill
        case nil:
            triggers += dues.filter { $0.due <= now }.map { $0.place }
            covered += waiting.map { $0.place }
            waiting = []
            isFlushed = false
            retry = nil
            step = .command
            return .start
        }
    }

    mutating func verify(at now: Int) {
        step = .verification
        since = now
    }

    mutating func ended(isSuccess: Bool, at now: Int) -> Debouncer.Ending {
        step = nil
        for place in waiting.indices { waiting[place].quietSince = now }
        if !isSuccess, failures < job.retries {
            failures += 1
            let pause = interval(doubled: failures)
            retry = (now, now + pause)
            return .retry(failures, after: .milliseconds(pause))
        }
        close(at: now)
        return isSuccess ? .done : .givenUp
    }

    /// Ends a run that is not tried again.
    private mutating func close(at end: Int) {
        for place in requesters.indices where covered.contains(place) {
            if triggers.contains(place) { requesters[place].triggered.append(end) }
            requesters[place].lastSign = max(requesters[place].lastSign, end)
        }
        ends = ends.filter { end - $0 < 6 * job.maxInterval.inMilliseconds } + [end]
        uncover()
        failures = 0
        retry = nil
    }

    private mutating func uncover() {
        covered = []
        triggers = []
    }

    mutating func notReady(at now: Int) {
        step = nil
        // The comments say nothing of a flush: it is forgotten.
        isFlushed = false
        if failures > 0 {
            retry = (now, now + job.quiet.inMilliseconds)
            return
        }
        let again = covered
        uncover()
        for place in again { add(place, at: now) }
    }

    mutating func notNeeded() {
        step = nil
        uncover()
        failures = 0
        // The comments say nothing of a flush: it is forgotten.
        isFlushed = false
    }

    mutating func adopt(at now: Int) {
        step = .command
        since = now
        failures = 0
        // The comments say nothing of a flush: it is forgotten.
        isFlushed = false
    }

    // MARK: Requesters

    /// The indices of requesters with waiting requests.
    private var waitingPlaces: [Int] {
        var places: [Int] = []
        for wish in waiting where !places.contains(wish.place) { places.append(wish.place) }
        return places.sorted()
    }

    private func isThrottled(_ place: Int) -> Bool { requesters[place].triggered.count >= 3 }

    func isCalm(_ place: Int, at now: Int) -> Bool {
        requesters[place].lastSign + max(3 * job.quiet.inMilliseconds, 1000) < now
            && !waitingPlaces.contains(place) && !covered.contains(place)
    }

    private mutating func place(of name: ByteString, at now: Int) -> Int {
        if let known = requesters.firstIndex(where: { $0.name == name }) { return known }
        let new = Requester(name: name, lastSign: now)
        if let calm = requesters.prefix(32).indices.last(where: { isCalm($0, at: now) }) {
            requesters[calm] = new
            return calm
        }
        if requesters.count >= 32, name != "others" { return place(of: "others", at: now) }
        requesters.append(new)
        return requesters.count - 1
    }

    // MARK: Moments

    /// The moments at which the requests of each waiting requester are due, and whether throttling has put them off.
    private var dues: [(place: Int, due: Int, isPutOff: Bool)] {
        let lastUnthrottled = waiting.filter { !isThrottled($0.place) }.map { $0.quietSince }.max()
        return waitingPlaces.map { place in
            let own = waiting.filter { $0.place == place }
            let quietSince = isThrottled(place) ? own.map { $0.quietSince }.max()! : lastUnthrottled!
            var due = quietSince + job.quiet.inMilliseconds
            if job.maxWait > .zero { due = min(due, own.map { $0.made }.min()! + job.maxWait.inMilliseconds) }
            let pauseEnd = max(pauseOfAll, isThrottled(place) ? pauseEnd(place) : 0)
            return (place, max(due, pauseEnd), due < pauseEnd)
        }
    }

    private func pauseEnd(_ place: Int) -> Int {
        let ends = requesters[place].triggered
        return ends.last! + interval(doubled: ends.count - 1)
    }

    /// The end of the pause that holds for all requesters.
    var pauseOfAll: Int {
        guard ends.count >= 20 else { return 0 }
        let divisors = [16, 8, 4, 2]
        let divisor = ends.count < 24 ? divisors[ends.count - 20] : 1
        return ends.last! + job.maxInterval.inMilliseconds / divisor
    }

    private func interval(doubled times: Int) -> Int {
        let first = max(job.quiet.inMilliseconds, 1000)
        return min(first << min(times, 20), job.maxInterval.inMilliseconds)
    }
}

extension Duration {
    var inMilliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}

extension Instant {
    init(_ milliseconds: Int) {
        self.init(sinceStart: .milliseconds(milliseconds))
    }
}
