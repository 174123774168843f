import Basics

/// Decides when one job's command runs. Values in, values out: it holds no clock and does nothing itself.
///
/// One run at a time, and one more that waits. The merge rules:
///
/// - Requests that come while one waits join it. Each of them starts the quiet time again, unless its requester is
///   throttled. A run is due as soon as the requests of one requester are due. The run covers all requests that wait.
/// - Requests that come during a run belong to the next run, whose quiet time starts when this one has ended.
/// - A run that failed is tried again when its pause is over, throttled or not; requests join it.
/// - A flush ends the quiet time, the pause after a failure and the throttling. It holds for the requests that wait, and for
///   later ones until the run begins.
///
/// After each input the caller calls `tick`, carries out the action, and calls `tick` again at `wakeAt` or later.
public struct Debouncer: Sendable {
    /// The time between TERM and KILL.
    public static let grace = Duration.seconds(5)
    /// A verification is ended after this.
    public static let longestVerification = Duration.seconds(60)

    private enum State: Equatable, Sendable {
        /// Nothing is requested, and nothing runs.
        case idle
        /// Requests wait for their quiet time, or longer if their requesters are throttled.
        case waiting
        /// The last run failed, and is tried again.
        case retrying(Retry)
        case running(Run)
    }

    private struct Retry: Equatable, Sendable {
        /// How often in a row the command has failed.
        let failures: Int
        /// When the last run ended.
        let ended: Instant
        let due: Instant
    }

    private struct Run: Equatable, Sendable {
        enum Step: Equatable, Sendable { case command, verification, terminated, killed }

        /// How often in a row the command has failed before.
        let failures: Int
        var step = Step.command
        /// When the step began.
        var since: Instant
    }

    /// New settings hold at once, also for requests that wait.
    public var job: Job
    private var state = State.idle
    /// A flush came: what waits starts at once; or, during a run, right after it.
    private var isFlushed = false
    private(set) var requesters = Requesters()

    /// What the caller must do.
    public enum Action: Equatable, Sendable {
        case none
        /// Start the command. Then call `ended` when it has ended or can't be started; or `notReady` or `notNeeded`.
        case start
        /// The timeout is over: send TERM to the process group.
        case terminate
        /// The grace is over too: send KILL.
        case kill
    }

    public enum Phase: Equatable, Sendable {
        case idle
        case waiting(due: Instant)
        /// Waits longer than the quiet time, as it was requested too often.
        case throttled(due: Instant)
        /// Waits after a failure.
        case retrying(due: Instant)
        case running(ends: Instant?)

        /// When the phase ends if nothing else happens; nil if time alone does not end it.
        public var end: Instant? {
            switch self {
            case .idle: nil
            case .waiting(let due), .throttled(let due), .retrying(let due): due
            case .running(let ends): ends
            }
        }
    }

    /// What becomes of the requests that a run covered.
    public enum Ending: Equatable, Sendable {
        case done
        /// The run is tried again, as the retry of that number, after a pause.
        case retry(Int, after: Duration)
        /// All tries are used up.
        case givenUp
    }

    public init(_ job: Job) { self.job = job }

    public var phase: Phase {
        // What a flush ended has been due ever since.
        let atOnce: Instant? = isFlushed ? Instant(sinceStart: .zero) : nil
        switch state {
        case .idle: return .idle
        case .retrying(let retry): return .retrying(due: atOnce ?? retry.due)
        case .running(let run): return .running(ends: end(of: run))
        case .waiting:
            guard let (due, isPutOff) = requesters.due(job) else { preconditionFailure("no request waits") }
            return isPutOff && !isFlushed ? .throttled(due: due) : .waiting(due: atOnce ?? due)
        }
    }

    private func end(of run: Run) -> Instant? {
        switch run.step {
        case .command: job.timeout > .zero ? run.since + job.timeout : nil
        case .verification: run.since + Debouncer.longestVerification
        case .terminated: run.since + Debouncer.grace
        case .killed: nil
        }
    }

    /// A request waits that no run has begun to carry out.
    public var isWaiting: Bool {
        switch state {
        case .idle: false
        case .waiting, .retrying: true
        case .running: requesters.areWaiting
        }
    }

    /// When to call `tick`; nil if time alone changes nothing.
    public var wakeAt: Instant? { phase.end }

    /// The names of the requesters that are throttled and wait.
    public var throttled: [ByteString] { requesters.throttled }

    /// Requests the command.
    public mutating func request(from name: ByteString = Request.others, at now: Instant) {
        requesters.request(from: name, at: now, job)
        if state == .idle { state = .waiting }
    }

    /// Lets what waits run now; or, during a run, right after it. Does nothing if nothing waits.
    public mutating func flush() { isFlushed = isWaiting }

    /// Forgets what waits. A run goes on.
    public mutating func cancel() {
        requesters.cancel()
        isFlushed = false
        if case .running = state { return }
        if case .retrying(let retry) = state { requesters.runEnded(at: retry.ended, job) }
        state = .idle
    }

    /// Time has passed. Too early does no harm: a deadline may have moved since the timer was set.
    public mutating func tick(at now: Instant) -> Action {
        guard let wakeAt, wakeAt <= now else { return .none }
        switch state {
        case .idle: return .none
        case .waiting: return start(failures: 0, at: now)
        case .retrying(let retry): return start(failures: retry.failures, at: now)
        case .running(var run):
            let isFirst = run.step == .command || run.step == .verification
            (run.step, run.since) = (isFirst ? .terminated : .killed, now)
            state = .running(run)
            return isFirst ? .terminate : .kill
        }
    }

    private mutating func start(failures: Int, at now: Instant) -> Action {
        requesters.cover(at: now, job)
        begin(Run(failures: failures, since: now))
        return .start
    }

    private mutating func begin(_ run: Run) { (state, isFlushed) = (.running(run), false) }

    /// Nothing runs any more, and what waits does so as if no run had begun.
    private mutating func rest() { state = requesters.areWaiting ? .waiting : .idle }

    /// The command has ended, and its verification has started: the run goes on.
    public mutating func verify(at now: Instant) {
        var run = present
        (run.step, run.since) = (.verification, now)
        state = .running(run)
    }

    /// The run has ended, or its command could not be started.
    public mutating func ended(isSuccess: Bool, at now: Instant) -> Ending {
        let run = present
        requesters.restartQuietTime(at: now)
        if !isSuccess, run.failures < job.retries {
            let failures = run.failures + 1
            let pause = job.interval(doubled: failures)
            state = .retrying(Retry(failures: failures, ended: now, due: now + pause))
            return .retry(failures, after: pause)
        }
        requesters.runEnded(at: now, job)
        rest()
        return isSuccess ? .done : .givenUp
    }

    /// The command could not be started yet, as something that it needs is missing. Its requests wait again, for the quiet
    /// time. A retry remains one.
    public mutating func notReady(at now: Instant) {
        let run = present
        isFlushed = false
        if run.failures > 0 {
            state = .retrying(Retry(failures: run.failures, ended: now, due: now + job.quiet))
        } else {
            requesters.uncover(requestingAgainAt: now, job)
            rest()
        }
    }

    /// The command was not started, since all requests have been taken back.
    public mutating func notNeeded() {
        _ = present
        isFlushed = false
        requesters.uncover(requestingAgainAt: nil, job)
        rest()
    }

    /// A command still runs that an earlier daemon started. The requests that it carries out are not known, so they must
    /// be made again.
    public mutating func adopt(at now: Instant) {
        if case .retrying = state { preconditionFailure("the last run has ended") }
        begin(Run(failures: 0, since: now))
    }

    /// The run that goes on.
    private var present: Run {
        guard case .running(let run) = state else { preconditionFailure("nothing runs") }
        return run
    }
}
