import Basics

/// Decides when one job's command runs. Values in, values out: it holds no clock and does nothing itself.
///
/// One run at a time, and one more that waits. The merge rules:
///
/// - Requests that come while one waits join it; the quiet time starts again with each.
/// - Requests that come during a run belong to the next run, whose quiet time starts when this one has ended.
/// - A flush needs no quiet time, for all that waits; nor do requests that join it.
///
/// After each input the owner carries out the effect and calls `tick` at `wakeAt`, or later.
public struct Debouncer {
    /// Between TERM and KILL.
    public static let grace = Duration.seconds(5)

    /// New settings hold at once, for what waits too.
    public var job: Job

    private enum State {
        /// Nothing is asked for.
        case idle
        /// Requests wait for the quiet time.
        case waiting(Wait)
        /// The command runs.
        case running(Run)
    }

    private var state = State.idle

    /// Requests that no run has covered yet.
    private struct Wait {
        var first: Instant
        var last: Instant
        var isFlushed = false

        init(since now: Instant) {
            first = now
            last = now
        }

        func due(_ job: Job) -> Instant {
            if isFlushed { return first }
            let quiet = last + job.quiet
            return job.maxWait > .zero ? min(quiet, first + job.maxWait) : quiet
        }
    }

    private struct Run {
        /// How far the command has been told to end.
        enum Stage { case working, terminated, killed }

        var stage = Stage.working
        /// When the present stage began.
        var since: Instant
        /// What was asked for since the start.
        var next: Wait?

        func deadline(_ job: Job) -> Instant? {
            switch stage {
            case .working: job.timeout > .zero ? since + job.timeout : nil
            case .terminated: since + Debouncer.grace
            case .killed: nil
            }
        }
    }

    /// What the owner has to do.
    public enum Effect: Equatable, Sendable {
        case none
        /// Start the command; then call `ended` when it has, or `notStarted`.
        case start
        /// The timeout is over: send TERM to the command's process group.
        case terminate
        /// The grace is over too: send KILL.
        case kill
    }

    public enum Phase: Equatable, Sendable {
        case idle
        case waiting(due: Instant)
        case running(ends: Instant?)
    }

    public init(_ job: Job) {
        self.job = job
    }

    public var phase: Phase {
        switch state {
        case .idle: .idle
        case .waiting(let wait): .waiting(due: wait.due(job))
        case .running(let run): .running(ends: run.deadline(job))
        }
    }

    /// When to call `tick`; nil if time alone changes nothing.
    public var wakeAt: Instant? {
        switch phase {
        case .idle: nil
        case .waiting(let due): due
        case .running(let ends): ends
        }
    }

    /// Somebody asks for the command.
    public mutating func request(at now: Instant) {
        switch state {
        case .idle:
            state = .waiting(Wait(since: now))
        case .waiting(var wait):
            wait.last = now
            state = .waiting(wait)
        case .running(var run):
            run.next = run.next ?? Wait(since: now)
            run.next?.last = now
            state = .running(run)
        }
    }

    /// What waits is to run now; during a run, right after it. Does nothing if nothing waits.
    public mutating func flush() {
        switch state {
        case .idle:
            break
        case .waiting(var wait):
            wait.isFlushed = true
            state = .waiting(wait)
        case .running(var run):
            run.next?.isFlushed = true
            state = .running(run)
        }
    }

    /// Forgets what waits. A run goes on.
    public mutating func cancel() {
        switch state {
        case .idle:
            break
        case .waiting:
            state = .idle
        case .running(var run):
            run.next = nil
            state = .running(run)
        }
    }

    /// Time has passed. Too early does no harm: a deadline may have moved since the timer was set.
    public mutating func tick(at now: Instant) -> Effect {
        guard let wakeAt, wakeAt <= now else { return .none }
        switch state {
        case .idle:
            return .none
        case .waiting:
            state = .running(Run(since: now))
            return .start
        case .running(var run):
            run.stage = run.stage == .working ? .terminated : .killed
            run.since = now
            state = .running(run)
            return run.stage == .terminated ? .terminate : .kill
        }
    }

    /// The command has ended, however.
    public mutating func ended(at now: Instant) {
        guard case .running(let run) = state else { preconditionFailure("nothing runs") }
        guard var next = run.next else {
            state = .idle
            return
        }
        next.last = now
        state = .waiting(next)
    }

    /// The command could not be started: the system is short of something. What was asked for waits again.
    public mutating func notStarted(at now: Instant) {
        guard case .running = state else { preconditionFailure("nothing runs") }
        state = .waiting(Wait(since: now))
    }
}
