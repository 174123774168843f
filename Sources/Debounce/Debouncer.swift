import Basics

/// Decides when one job's command runs, as a pure function of inputs and moments: it holds no clock and starts nothing.
///
/// One run goes on at a time, and the requests for one more may wait. The rules:
///
/// - A request that comes while others wait joins them, and starts the quiet time again unless its requester is
///   throttled. The run is due once any requester's requests are due. The run covers all requests that wait.
/// - Requests during a run belong to the next run, whose quiet time starts when this run has ended.
/// - A run that failed is tried again after a pause, whether requesters are throttled or not; requests join it.
/// - A flush ends the quiet time, the pause after a failure and the throttling, until the next run begins.
///
/// After each input the caller calls `tick`, carries out the action, and calls `tick` again at `wakeAt` or later.
public struct Debouncer: Sendable {
    /// The time between TERM and KILL.
    public static let grace = Duration.seconds(5)
    /// The longest time that a verification may take.
    public static let longestVerification = Duration.seconds(60)

    private enum State: Sendable {
        /// Nothing runs. Requests may wait for the quiet time, or longer if their requesters are throttled.
        case resting
        /// The last run failed at `ended`, and is tried again at `due`.
        case retrying(ended: Instant, due: Instant)
        case running(Step, since: Instant)
    }

    private enum Step: Sendable { case command, verification, terminated, killed }

    /// New settings hold at once, also for requests that wait.
    public var job: Job
    private var state = State.resting
    private var failures = 0
    /// The next run starts at once, or right after the present run.
    private var isFlushed = false
    private(set) var requesters = Requesters()

    public enum Action: Equatable, Sendable {
        case none
        /// Start the command. Then call `ended`, or `notReady` or `notNeeded` if it was not started.
        case start
        /// The timeout has passed: send TERM to the process group.
        case terminate
        /// The grace has passed too: send KILL to the process group.
        case kill
    }

    public enum Phase: Equatable, Sendable {
        case idle
        case waiting(due: Instant)
        case throttled(due: Instant)
        /// The job waits after a failure.
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

    /// The result of a run for the requests that it covered.
    public enum Ending: Equatable, Sendable {
        case done
        case retry(Int, after: Duration)
        case givenUp
    }

    public init(_ job: Job) { self.job = job }

    public var phase: Phase {
        // A flush makes the run due since the start of the clock.
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

    /// Whether a request waits that no run has begun to carry out.
    public var isWaiting: Bool {
        if case .retrying = state { return true }
        return requesters.areWaiting
    }

    /// When to call `tick`; nil if time alone changes nothing.
    public var wakeAt: Instant? { phase.end }

    public var throttled: [ByteString] { requesters.throttled }

    public mutating func request(from name: ByteString = Request.others, at now: Instant) {
        requesters.request(from: name, at: now, job)
    }

    /// Makes waiting requests due now, or right after the present run. Does nothing if nothing waits.
    public mutating func flush() { isFlushed = isWaiting }

    /// Forgets the requests that wait. A run goes on.
    public mutating func cancel() {
        requesters.cancel()
        isFlushed = false
        if isRunning { return }
        if case .retrying(let ended, _) = state { requesters.runEnded(at: ended, job) }
        rest()
    }

    /// Returns what must be done now. A call that is too early does no harm.
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

    /// The command could not be started now. Its requests wait for the quiet time again. A retry stays a retry.
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

    /// The command was not started, since all requests were withdrawn.
    public mutating func notNeeded() {
        precondition(isRunning, "nothing runs")
        isFlushed = false
        requesters.uncover(requestingAgainAt: nil, job)
        rest()
    }

    /// A command of an earlier daemon still runs. The caller must make its requests again.
    public mutating func adopt(at now: Instant) {
        if case .retrying = state { preconditionFailure("the last run has ended") }
        (state, failures, isFlushed) = (.running(.command, since: now), 0, false)
    }

    private var isRunning: Bool { if case .running = state { true } else { false } }
}
