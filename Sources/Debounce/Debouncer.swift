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

    private enum State: Sendable {
        /// Nothing runs. Requests may wait for their quiet time, or longer if their requesters are throttled.
        case resting
        /// The last run failed when it `ended`, and is tried again.
        case retrying(ended: Instant, due: Instant)
        /// `since` is when the step began.
        case running(Step, since: Instant)
    }

    private enum Step: Sendable { case command, verification, terminated, killed }

    /// New settings hold at once, also for requests that wait.
    public var job: Job
    private var state = State.resting
    /// How often in a row the command has failed.
    private var failures = 0
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
        case .resting:
            guard let (due, isPutOff) = requesters.due(job) else { return .idle }
            return isPutOff && !isFlushed ? .throttled(due: due) : .waiting(due: atOnce ?? due)
        case .retrying(_, let due): return .retrying(due: atOnce ?? due)
        case .running(.command, let since): return .running(ends: job.timeout > .zero ? since + job.timeout : nil)
        case .running(.verification, let since): return .running(ends: since + Debouncer.longestVerification)
        case .running(.terminated, let since): return .running(ends: since + Debouncer.grace)
        case .running(.killed, _): return .running(ends: nil)
        }
    }

    /// A request waits that no run has begun to carry out.
    public var isWaiting: Bool {
        if case .retrying = state { return true }
        return requesters.areWaiting
    }

    /// When to call `tick`; nil if time alone changes nothing.
    public var wakeAt: Instant? { phase.end }

    /// The names of the requesters that are throttled and wait.
    public var throttled: [ByteString] { requesters.throttled }

    /// Requests the command.
    public mutating func request(from name: ByteString = Request.others, at now: Instant) {
        requesters.request(from: name, at: now, job)
    }

    /// Lets what waits run now; or, during a run, right after it. Does nothing if nothing waits.
    public mutating func flush() { isFlushed = isWaiting }

    /// Forgets what waits. A run goes on.
    public mutating func cancel() {
        requesters.cancel()
        isFlushed = false
        if isRunning { return }
        if case .retrying(let ended, _) = state { requesters.runEnded(at: ended, job) }
        rest()
    }

    /// Time has passed. Too early does no harm: a deadline may have moved since the timer was set.
    public mutating func tick(at now: Instant) -> Action {
        guard let wakeAt, wakeAt <= now else { return .none }
        guard case .running(let step, _) = state else {
            requesters.cover(at: now, job)
            (state, isFlushed) = (.running(.command, since: now), false)
            return .start
        }
        state = .running(step == .terminated ? .killed : .terminated, since: now)
        return step == .terminated ? .kill : .terminate
    }

    /// Nothing runs any more, and what waits does so as if no run had begun.
    private mutating func rest() { (state, failures) = (.resting, 0) }

    /// The command has ended, and its verification has started: the run goes on.
    public mutating func verify(at now: Instant) {
        precondition(isRunning, "nothing runs")
        state = .running(.verification, since: now)
    }

    /// The run has ended, or its command could not be started.
    public mutating func ended(isSuccess: Bool, at now: Instant) -> Ending {
        precondition(isRunning, "nothing runs")
        requesters.restartQuietTime(at: now)
        if !isSuccess, failures < job.retries {
            failures += 1
            let pause = job.interval(doubled: failures)
            state = .retrying(ended: now, due: now + pause)
            return .retry(failures, after: pause)
        }
        requesters.runEnded(at: now, job)
        rest()
        return isSuccess ? .done : .givenUp
    }

    /// The command could not be started yet, as something that it needs is missing. Its requests wait again, for the quiet
    /// time. A retry remains one.
    public mutating func notReady(at now: Instant) {
        precondition(isRunning, "nothing runs")
        isFlushed = false
        if failures > 0 {
            state = .retrying(ended: now, due: now + job.quiet)
        } else {
            requesters.uncover(requestingAgainAt: now, job)
            rest()
        }
    }

    /// The command was not started, since all requests have been taken back.
    public mutating func notNeeded() {
        precondition(isRunning, "nothing runs")
        isFlushed = false
        requesters.uncover(requestingAgainAt: nil, job)
        rest()
    }

    /// A command still runs that an earlier daemon started. The requests that it carries out are not known, so they must
    /// be made again.
    public mutating func adopt(at now: Instant) {
        if case .retrying = state { preconditionFailure("the last run has ended") }
        (state, failures, isFlushed) = (.running(.command, since: now), 0, false)
    }

    private var isRunning: Bool { if case .running = state { true } else { false } }
}
