import Basics

/// Decides when one job's command runs. Values in, values out: it holds no clock and does nothing itself.
///
/// One run at a time, and one more that waits. The merge rules:
///
/// - Requests that come while one waits join it; the quiet time starts again with each, but for those of somebody who is
///   throttled. A run is due when anybody's requests are, and covers those of all.
/// - Requests that come during a run belong to the next run, whose quiet time starts when this one has ended.
/// - A run that failed is tried again when its pause is over, whoever is throttled; requests join it.
/// - A flush does away with the quiet time, the pause after a failure and the throttling: for all requests that wait, and
///   for those that join them.
///
/// After each input the caller calls `tick`, carries out the effect, and calls `tick` again at `wakeAt` or later.
public final class Debouncer {
    /// The time between TERM and KILL.
    public static let grace = Duration.seconds(5)
    /// So many requesters are told from each other. Who comes when nobody's place is free counts as one of the others.
    static let mostRequesters = 32
    /// So many runs within six of the job's `maxInterval` (an hour) follow each other without a pause, whoever asks. With
    /// what the pauses from then on allow, there are at most 30.
    static let freeRuns = 20

    /// New settings hold at once, also for requests that wait.
    public var job: Job

    /// Who asks, or asked a while ago.
    public private(set) var requesters: [Requester] = []
    /// How far the run that goes on has come.
    private enum Stage { case none, working, terminated, killed }

    private var stage = Stage.none
    /// When the stage began.
    private var since = Instant(sinceStart: .zero)
    /// The command has failed, and is tried again then.
    private var retry: Instant?
    private var isFlushed = false
    /// How often in a row the command has failed for the present requests.
    private var failures = 0
    /// When the last runs ended.
    private var ends: [Instant] = []

    /// What the caller has to do.
    public enum Effect: Equatable, Sendable {
        case none
        /// Start the command. Then call `ended` when it has ended or if it can't be started; or `notReady` or `notNeeded`.
        case start
        /// The timeout is over: send TERM to the command's process group.
        case terminate
        /// The grace is over too: send KILL.
        case kill
    }

    public enum Pause: Equatable, Sendable {
        /// The command failed.
        case retrying
        /// Who asks does so again and again.
        case throttled
    }

    public enum Phase: Equatable, Sendable {
        case idle
        case waiting(due: Instant)
        /// Longer than the quiet time.
        case paused(Pause, due: Instant)
        case running(ends: Instant?)

        /// When it is over if nothing else happens; nil: time alone does not end it.
        public var end: Instant? {
            switch self {
            case .idle: nil
            case .waiting(let due), .paused(_, let due): due
            case .running(let ends): ends
            }
        }
    }

    /// What becomes of a request whose run has ended.
    public enum Ending: Equatable, Sendable {
        case done
        /// It is tried again, as the retry of that number, after a pause.
        case retry(Int, after: Duration)
        /// All tries are used up.
        case givenUp
    }

    public init(_ job: Job) {
        self.job = job
    }

    public var phase: Phase {
        switch stage {
        case .working: return .running(ends: job.timeout > .zero ? since + job.timeout : nil)
        case .terminated: return .running(ends: since + Debouncer.grace)
        case .killed: return .running(ends: nil)
        case .none: break
        }
        // It has been due ever since.
        if isFlushed { return .waiting(due: Instant(sinceStart: .zero)) }
        if let retry { return .paused(.retrying, due: retry) }
        let last = lastRequest
        var phase = Phase.idle
        for requester in requesters where requester.isWaiting {
            let due = due(requester, last)
            if let end = phase.end, end <= due { continue }
            phase =
                due > requester.due(job, last: requester.isThrottled ? requester.last : last)
                ? .paused(.throttled, due: due) : .waiting(due: due)
        }
        return phase
    }

    /// Something was asked for that no run has begun to carry out.
    public var isWaiting: Bool { retry != nil || requesters.contains { $0.isWaiting } }

    /// When to call `tick`; nil if time alone changes nothing.
    public var wakeAt: Instant? { phase.end }

    /// Somebody asks for the command.
    public func request(from name: ByteString = Request.others, at now: Instant) {
        requester(name, at: now).ask(at: now, job)
    }

    private func requester(_ name: ByteString, at now: Instant) -> Requester {
        var free = requesters.count
        for (place, requester) in requesters.enumerated() {
            if requester.name == name { return requester }
            if requester.isCalm(at: now, job) { free = place }
        }
        if free >= Debouncer.mostRequesters, name != Request.others { return self.requester(Request.others, at: now) }
        let new = Requester(name)
        if free == requesters.count { requesters.append(new) } else { requesters[free] = new }
        return new
    }

    /// Lets what waits run now; or, during a run, right after it. Does nothing if nothing waits.
    public func flush() {
        isFlushed = isWaiting
    }

    /// Forgets what waits. A run goes on.
    public func cancel() {
        for requester in requesters { requester.cancel() }
        isFlushed = false
        if retry != nil { close(at: since) }
    }

    /// Time has passed. Too early does no harm: a deadline may have moved since the timer was set.
    public func tick(at now: Instant) -> Effect {
        guard let wakeAt, wakeAt <= now else { return .none }
        since = now
        if stage == .none {
            let last = lastRequest
            for requester in requesters where requester.isWaiting {
                requester.cover(isDue: due(requester, last) <= now)
            }
            retry = nil
            isFlushed = false
            stage = .working
            return .start
        }
        stage = stage == .working ? .terminated : .killed
        return stage == .terminated ? .terminate : .kill
    }

    /// The command has ended, or could not be started.
    public func ended(isSuccess: Bool, at now: Instant) -> Ending {
        precondition(stage != .none, "nothing runs")
        stage = .none
        since = now
        for requester in requesters { requester.wait(from: now) }
        if !isSuccess, failures < job.retries {
            failures += 1
            let pause = job.interval(doubled: failures)
            retry = now + pause
            return .retry(failures, after: pause)
        }
        close(at: now)
        return isSuccess ? .done : .givenUp
    }

    /// The run has ended then, and is not tried again.
    private func close(at end: Instant) {
        retry = nil
        failures = 0
        for requester in requesters { requester.runEnded(at: end) }
        while let first = ends.first, end - first >= job.maxInterval * 6 { ends.removeFirst() }
        ends.append(end)
    }

    /// The command could not be started yet, as something that it needs is missing. Its requests wait again.
    public func notReady(at now: Instant) {
        stage = .none
        for requester in requesters where requester.isCovered {
            requester.uncover()
            requester.ask(at: now, job)
        }
    }

    /// The command was not started, since all requests have been taken back.
    public func notNeeded() {
        stage = .none
        failures = 0
        for requester in requesters { requester.uncover() }
    }

    /// A command still runs that an earlier daemon started. Which requests it carries out is not known, so they have to be
    /// made again.
    public func adopt(at now: Instant) {
        stage = .working
        since = now
    }

    /// The last of the requests that wait, but for those of requesters who are throttled: their own waits for them alone.
    private var lastRequest: Instant {
        var last = Instant(sinceStart: .zero)
        for requester in requesters where requester.isWaiting && !requester.isThrottled {
            last = max(last, requester.last)
        }
        return last
    }

    /// When the requests of one requester are due.
    ///
    /// - Parameter last: `lastRequest`.
    private func due(_ requester: Requester, _ last: Instant) -> Instant {
        var due = requester.due(job, last: requester.isThrottled ? requester.last : last)
        if requester.isThrottled { due = max(due, requester.pause(job)) }
        // If there were too many runs, everybody waits. The pauses double from a sixteenth of the longest interval on.
        guard ends.count >= Debouncer.freeRuns, let end = ends.last else { return due }
        let halved = Int64(max(0, 4 + Debouncer.freeRuns - ends.count))
        return max(due, end + .milliseconds(job.maxInterval.milliseconds >> halved))
    }
}
