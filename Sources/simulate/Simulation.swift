import Basics
import Debounce

/// Plays a trace through the jobs' state machines, on virtual time: values in, values out.
///
/// - At any one moment the trace's lines come first, in their order, then whatever is due, as in the daemon.
/// - A run takes the first `exit` line of its job that no run before it took, if it starts at SECONDS - DURATION or
///   later. A line that was taken from a log stands where the run ended, so SECONDS - DURATION is when it started. A line at
///   0 is for the first run that comes. A run may start earlier by `tolerance`, since the daemon needs some milliseconds.
/// - Without such a line a run takes no time and succeeds.
/// - A command runs for its DURATION even if TERM comes before; KILL ends it at once, with status 137.
/// - After the last line the simulation goes on until nothing is left to do.
struct Simulation: Equatable {
    /// How much later than here the run of an `exit` line may have started.
    static let tolerance = Duration.milliseconds(100)

    struct Event: Equatable {
        enum Kind: Equatable {
            case asked(Request.Verb)
            case started
            /// The timeout was over: TERM.
            case terminated
            /// The grace too: KILL.
            case killed
            case ended(status: Int32)
        }

        /// Since the trace's start.
        let time: Duration
        /// The job, by its place among the jobs.
        let job: Int
        let kind: Kind
        /// The requester; empty if the event is no request.
        let requester: ByteString
        /// What the job does from then on.
        let phase: Debouncer.Phase
    }

    struct Counts: Equatable {
        var requests = 0
        var runs = 0
        var failures = 0
        var timeouts = 0

        /// Requests that needed no run of their own.
        var saved: Int { max(0, requests - runs) }
    }

    private(set) var events: [Event] = []
    /// For each of the jobs.
    let counts: [Counts]

    /// - Parameter jobs: All that the trace names, with their settings.
    init(_ trace: Trace, jobs: [Job]) {
        let players = jobs.map { Player($0, trace) }
        var events: [Event] = []
        var now = Instant(sinceStart: .zero)

        func add(_ kind: Event.Kind, _ job: Int, by requester: ByteString = "") {
            let phase = players[job].debouncer.phase
            events.append(Event(time: now.sinceStart, job: job, kind: kind, requester: requester, phase: phase))
        }
        /// Does what is due before `end`, or all that is left.
        func advance(to end: Instant?) {
            while true {
                var next: (moment: Instant, job: Int)?
                for (job, player) in players.enumerated() {
                    // What is flushed counts as due since its first request.
                    guard let moment = player.wakeAt.map({ max($0, now) }) else { continue }
                    if next.map({ moment < $0.moment }) ?? true { next = (moment, job) }
                }
                guard let next, end.map({ next.moment < $0 }) ?? true else { return }
                now = next.moment
                add(players[next.job].step(at: now), next.job)
            }
        }

        for line in trace.lines {
            guard case .asked(let verb, let requester) = line.event,
                let job = jobs.firstIndex(where: { $0.name == line.job })
            else { continue }
            let moment = Instant(sinceStart: line.time)
            advance(to: moment)
            now = moment
            players[job].take(verb, from: requester, at: now)
            add(.asked(verb), job, by: requester)
        }
        advance(to: nil)
        self.events = events
        counts = players.map { $0.counts }
    }
}

/// One job, and the command that it would run.
private final class Player {
    private(set) var debouncer: Debouncer
    private(set) var counts = Simulation.Counts()
    /// When the command that runs ends, and how.
    private var run: (end: Instant, status: Int32)?
    /// The `exit` lines, each with the earliest start of its run.
    private var exits: ArraySlice<(start: Duration, duration: Duration, status: Int32)> = []

    init(_ job: Job, _ trace: Trace) {
        debouncer = Debouncer(job)
        for line in trace.lines where line.job == job.name {
            guard case .exit(let status, let duration) = line.event else { continue }
            exits.append((line.time - duration, duration, status))
        }
    }

    /// When `step` has something to do; nil if never.
    var wakeAt: Instant? {
        debouncer.wakeAt.earlier(run?.end)
    }

    func take(_ verb: Request.Verb, from requester: ByteString, at now: Instant) {
        switch verb {
        case .request, .pending:
            counts.requests += 1
            debouncer.request(from: requester, at: now)
        case .flush:
            debouncer.flush()
        case .cancel, .withdrawn:
            debouncer.cancel()
        }
    }

    /// Does one thing that is due. A command that ends at its timeout gets its TERM first.
    func step(at now: Instant) -> Simulation.Event.Kind {
        switch debouncer.tick(at: now) {
        case .start:
            counts.runs += 1
            let exit = nextExit(at: now)
            run = (now + (exit?.duration ?? .zero), exit?.status ?? 0)
            return .started
        case .terminate:
            counts.timeouts += 1
            return .terminated
        case .kill:
            run = (now, 137)
            return .killed
        case .none:
            guard let status = run?.status else { preconditionFailure("woken without a reason") }
            run = nil
            if status != 0 { counts.failures += 1 }
            _ = debouncer.ended(isSuccess: status == 0, at: now)
            return .ended(status: status)
        }
    }

    private func nextExit(at now: Instant) -> (start: Duration, duration: Duration, status: Int32)? {
        guard let exit = exits.first, exit.start <= now.sinceStart + Simulation.tolerance else { return nil }
        return exits.removeFirst()
    }
}
