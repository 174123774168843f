import Basics
import Debounce

/// Plays a trace through the jobs' debouncers, on virtual time.
///
/// - At one moment the lines of the trace come first, in their order, then what is due, as in the daemon.
/// - A run takes the first free `exit` line of its job, if the run starts at SECONDS - DURATION or later: a line from a
///   log has the time of the run's end. A line at 0 is for the first run. A run may start earlier by `tolerance`.
/// - Without such a line a run takes no time and succeeds.
/// - A command runs for its DURATION even if TERM comes before; KILL ends it at once, with status 137.
/// - After the last line the simulation goes on until nothing is due.
struct Simulation: Equatable {
    /// The daemon may start a run later than the simulation by this time.
    static let tolerance = Duration.milliseconds(100)

    struct Event: Equatable {
        enum Kind: Equatable {
            case asked(Request.Verb)
            case started
            case terminated
            case killed
            case ended(status: Int32)
        }

        let time: Duration
        let job: Int
        let kind: Kind
        /// Empty if the event is no request.
        let requester: ByteString
        let phase: Debouncer.Phase

        var isRequest: Bool { kind == .asked(.request) || kind == .asked(.pending) }
    }

    struct Counts: Equatable {
        let requests, runs, failures, timeouts: Int
        /// Requests without a run of their own.
        var saved: Int { max(0, requests - runs) }

        init(_ events: [Event]) {
            requests = events.count { $0.isRequest }
            runs = events.count { $0.kind == .started }
            failures = events.count { $0.kind.drawn.word == "failed" }
            timeouts = events.count { $0.kind == .terminated }
        }
    }

    private(set) var events: [Event] = []
    private(set) var counts: [Counts] = []

    init(_ trace: Trace, jobs: [Job]) {
        var players = jobs.map { Player($0, trace: trace) }
        var lines = trace.lines[...]
        while true {
            // A flushed job is due since the start of the clock.
            let last = events.last?.time ?? .zero
            let due = players.indices.compactMap { job in
                players[job].wakeAt.map { (moment: max($0.sinceStart, last), job: job) }
            }.min { $0.moment < $1.moment }
            if let line = lines.first, due.map({ line.time <= $0.moment }) ?? true {
                lines.removeFirst()
                guard case .asked(let verb, let requester) = line.event,
                    let job = jobs.firstIndex(where: { $0.name == line.job })
                else { continue }
                players[job].obey(verb, from: requester, at: Instant(sinceStart: line.time))
                add(.asked(verb), job: job, at: line.time, requester: requester)
            } else if let (moment, job) = due {
                add(players[job].step(at: Instant(sinceStart: moment)), job: job, at: moment, requester: "")
            } else {
                break
            }
        }
        counts = jobs.indices.map { job in Counts(events.filter { $0.job == job }) }

        func add(_ kind: Event.Kind, job: Int, at time: Duration, requester: ByteString) {
            let phase = players[job].debouncer.phase
            events.append(Event(time: time, job: job, kind: kind, requester: requester, phase: phase))
        }
    }
}

private struct Player {
    private(set) var debouncer: Debouncer
    private var run: (end: Instant, status: Int32)?
    /// The `exit` lines, each with the earliest start of its run.
    private var exits: ArraySlice<(start: Duration, duration: Duration, status: Int32)> = []

    init(_ job: Job, trace: Trace) {
        debouncer = Debouncer(job)
        for line in trace.lines where line.job == job.name {
            guard case .exit(let status, let duration) = line.event else { continue }
            exits.append((line.time - duration, duration, status))
        }
    }

    var wakeAt: Instant? { earliest(debouncer.wakeAt, run?.end) }

    mutating func obey(_ verb: Request.Verb, from requester: ByteString, at now: Instant) {
        switch verb {
        case .request, .pending: debouncer.request(from: requester, at: now)
        case .flush: debouncer.flush()
        case .cancel, .withdrawn: debouncer.cancel()
        }
    }

    /// Does one thing that is due. A command that ends at its timeout gets TERM first.
    mutating func step(at now: Instant) -> Simulation.Event.Kind {
        switch debouncer.tick(at: now) {
        case .start:
            run = (now, 0)
            if let exit = exits.first, exit.start <= now.sinceStart + Simulation.tolerance {
                exits.removeFirst()
                run = (now + exit.duration, exit.status)
            }
            return .started
        case .terminate: return .terminated
        case .kill:
            run = (now, 137)
            return .killed
        case .none:
            guard let status = run?.status else { preconditionFailure("woken without a reason") }
            run = nil
            _ = debouncer.ended(isSuccess: status == 0, at: now)
            return .ended(status: status)
        }
    }
}
