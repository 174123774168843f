import Basics

/// Decides when one job's command runs. Values in, values out: it holds no clock and does nothing itself.
///
/// One run at a time, and one more that waits. The merge rules:
///
/// - Requests that come while one waits join it; the quiet time starts again with each.
/// - Requests that come during a run belong to the next run, whose quiet time starts when this one has ended.
/// - A run that failed waits to be tried again; requests join it.
/// - A flush needs no quiet time, no pause after a failure and no slowing down, for all that waits; nor do requests that
///   join it.
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
    private var limiter = RestartLimiter()
    /// How often what is asked for has failed in a row.
    private var failures = 0

    /// Requests that no run has covered yet.
    private struct Wait {
        var first: Instant
        var last: Instant
        var isFlushed = false
        /// Not before this, however quiet it is: the command failed, or it runs too often.
        var pause: (until: Instant, why: Pause)?

        init(since now: Instant) {
            first = now
            last = now
        }

        func due(_ job: Job) -> Instant {
            if isFlushed { return first }
            let quiet = last + job.quiet
            let due = job.maxWait > .zero ? min(quiet, first + job.maxWait) : quiet
            return pause.map { max(due, $0.until) } ?? due
        }
    }

    private struct Run {
        /// How far the command has been told to end.
        enum Stage { case working, terminated, killed }

        var stage = Stage.working
        /// When the present stage began.
        var since: Instant
        /// When what it carries out was first asked for.
        let requested: Instant
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
        /// Start the command; then call `ended` when it has or if it can't be started, or `notReady` or
        /// `notNeeded`.
        case start
        /// The timeout is over: send TERM to the command's process group.
        case terminate
        /// The grace is over too: send KILL.
        case kill
    }

    public enum Pause: Equatable, Sendable {
        /// The command failed.
        case retrying
        /// Runs that each led to the next.
        case slowed
    }

    public enum Phase: Equatable, Sendable {
        case idle
        case waiting(due: Instant)
        /// Longer than the quiet time.
        case paused(Pause, due: Instant)
        case running(ends: Instant?)
    }

    /// What becomes of a request whose run has ended.
    public enum Ending: Equatable, Sendable {
        case done
        /// It is tried again: the how-manyth time, and after which pause.
        case retry(Int, after: Duration)
        /// All tries are used up.
        case givenUp
    }

    public init(_ job: Job) {
        self.job = job
    }

    public var phase: Phase {
        switch state {
        case .idle: .idle
        case .waiting(let wait):
            if let pause = wait.pause, !wait.isFlushed, wait.due(job) == pause.until {
                .paused(pause.why, due: pause.until)
            } else {
                .waiting(due: wait.due(job))
            }
        case .running(let run): .running(ends: run.deadline(job))
        }
    }

    /// Something was asked for that no run has begun to carry out.
    public var isWaiting: Bool {
        switch state {
        case .idle: false
        case .waiting: true
        case .running(let run): run.next != nil
        }
    }

    /// When to call `tick`; nil if time alone changes nothing.
    public var wakeAt: Instant? {
        switch phase {
        case .idle: nil
        case .waiting(let due), .paused(_, let due): due
        case .running(let ends): ends
        }
    }

    /// Somebody asks for the command.
    public mutating func request(at now: Instant) {
        switch state {
        case .idle:
            state = .waiting(slowed(Wait(since: now)))
        case .waiting(var wait):
            wait.last = max(wait.last, now)
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
            failures = 0
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
        case .waiting(let wait):
            state = .running(Run(since: now, requested: wait.first))
            return .start
        case .running(var run):
            run.stage = run.stage == .working ? .terminated : .killed
            run.since = now
            state = .running(run)
            return run.stage == .terminated ? .terminate : .kill
        }
    }

    /// The command has ended, or could not be started.
    public mutating func ended(isSuccess: Bool, at now: Instant) -> Ending {
        guard case .running(let run) = state else { preconditionFailure("nothing runs") }
        limiter.ran(requested: run.requested, until: now, job)
        var next = run.next
        next?.last = now
        var ending = Ending.done
        if !isSuccess, failures < job.retries {
            failures += 1
            let pause = job.interval(doubled: failures)
            next = next ?? Wait(since: now)
            next?.pause = (now + pause, .retrying)
            ending = .retry(failures, after: pause)
        } else {
            failures = 0
            if !isSuccess { ending = .givenUp }
        }
        state = next.map { .waiting(slowed($0)) } ?? .idle
        return ending
    }

    /// The command was not started: what it needs besides is not there yet. All waits again.
    public mutating func notReady(at now: Instant) {
        state = .waiting(Wait(since: now))
    }

    /// The command was not started: whoever asked has taken it back.
    public mutating func notNeeded() {
        state = .idle
        failures = 0
    }

    /// A command runs that an earlier daemon started. What it carries out is not known: its causes are to be requested
    /// anew.
    public mutating func adopt(at now: Instant) {
        state = .running(Run(since: now, requested: now))
    }

    private func slowed(_ wait: Wait) -> Wait {
        var wait = wait
        if let until = limiter.pause(requested: wait.first, job), wait.pause.map({ $0.until < until }) ?? true {
            wait.pause = (until, .slowed)
        }
        return wait
    }
}
