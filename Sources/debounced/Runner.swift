import Basics
import Configuration
import Debounce
import Ledger
import Linux

/// Runs one job's command when its state machine says so: binds that to the inbox, the ledger, the timer, the processes of
/// a run and the state files.
final class Runner {
    enum Mode {
        /// A command of an earlier daemon may still run: the ledger could not be read yet. None is started before.
        case unknown
        /// Nothing runs, and a command may start.
        case ready
        case busy(Command, Step)
        /// The daemon stops, and nothing runs any more.
        case stopped
    }

    enum Step {
        /// A process runs that an earlier daemon started.
        case adopted
        case command(Run)
        /// The command has ended with that outcome, and it is found out whether it did any good.
        case verification(Run, Outcome)
    }

    enum Event {
        /// Requests are due.
        case due
        /// The time of what runs is over, and then the grace after TERM.
        case timeout, graceOver
        /// What runs has ended.
        case ended(Outcome)
        /// The daemon is told to stop, and then to end what runs.
        case stop, kill
    }

    struct Run {
        let number: Int
        let began: Instant
    }

    /// How a command or its verification has ended.
    struct Outcome {
        let status: Int32
        /// What went wrong, if the status isn't 0.
        let text: ByteString
    }

    let name: ByteString
    var debouncer: Debouncer
    var inbox: Inbox
    var mode = Mode.unknown
    let ledger: Ledger
    /// The environment of its commands, beside the daemon's.
    let environment: [ByteString]
    let timer = Timer()
    var state: JobState
    var startFaults = FaultLog()
    var throttles = FaultLog()
    var changed: () -> Void = {}
    /// The run is a guess, scheduled because the ledger could not be read.
    var isGuess = false
    /// Something has happened since the last `settle`.
    var hasNews = true
    /// The outputs of the present or last run, which a child of its may hold open.
    var outputs: [OutputLog] = []
    var isStopping = false
    /// The job is no longer in the settings.
    var isRetired = false
    /// The job is in the settings, but not enabled: accepted requests stay in the ledger until it is. A run goes on to its
    /// end.
    var isDisabled = false {
        didSet { hasNews = hasNews || isDisabled }
    }

    /// - Throws: `cannotCreate` if the job's state can't be written. Then nothing is left of it.
    init(_ job: Job, _ places: Places, _ ledger: Ledger) throws(Fault) {
        name = job.name
        debouncer = Debouncer(job)
        inbox = Inbox(job.name, ledger)
        self.ledger = ledger
        environment = places.environment
        state = try JobState(job, places)
    }

    var job: Job { debouncer.job }
    var isIdle: Bool { debouncer.phase == .idle }
    var isNotified: Bool { inbox.isNotified }
    /// The ledger must be read: a notification came, or a requester may have failed to send one. A run that is due without
    /// throttling covers all requesters.
    var mustLook: Bool { inbox.isNotified || !debouncer.isWaiting || isThrottled }
    var isThrottled: Bool { if case .throttled = debouncer.phase { true } else { false } }
    var isRunning: Bool { if case .busy = mode { true } else { false } }

    // MARK: What a run goes through

    func handle(_ event: Event, at now: Instant) {
        hasNews = true
        switch (mode, event) {
        case (.unknown, .due), (.ready, .due):
            begin(at: now)
        case (.busy(let command, let step), .timeout):
            var limit = job.timeout
            if case .verification = step { limit = Debouncer.longestVerification }
            logError("not done after \(limit) s; TERM, and in \(Debouncer.grace) s KILL")
            command.signal(.terminate)
        case (.busy(let command, _), .graceOver):
            logError("not done after TERM; KILL")
            command.signal(.kill)
        case (.busy(_, .adopted), .ended):
            _ = debouncer.ended(isSuccess: true, at: now)
            rest()
        case (.busy(let command, .command(let run)), .ended(let outcome)):
            if !verify(run, outcome, isCut: command.isSignalled, at: now) { finish(run, outcome, at: now) }
        case (.busy(_, .verification(let run, let outcome)), .ended(let verdict)):
            finish(run, outcome.status != 0 ? outcome : verdict, at: now)
        case (.busy, .stop):
            isStopping = true
        case (.busy(let command, _), .kill):
            command.signal(.kill)
        case (.unknown, .stop), (.ready, .stop):
            mode = .stopped
        case (.unknown, .kill), (.ready, .kill), (.stopped, .kill), (.stopped, .stop):
            break
        case (.unknown, _), (.ready, _), (.stopped, _), (.busy, .due):
            preconditionFailure("the state machine goes another way")
        }
    }

    func rest() {
        mode = isStopping ? .stopped : .ready
    }

    // MARK: What the daemon calls

    /// Puts the job's settings in force.
    func takeOver(_ job: Job) {
        debouncer.job = job
        isRetired = false
        hasNews = true
    }

    /// Takes up what an earlier daemon left.
    ///
    /// - Parameter changed: Called when time or the end of a process calls for `settle`.
    func start(_ changed: @escaping () -> Void) {
        self.changed = changed
        timer.start { [self] in
            hasNews = true
            changed()
        }
        let now = Process.now
        do throws(Fault) {
            try recover(at: now)
        } catch {
            logError(error.message)
            // Tried again when its time has come.
            debouncer.request(at: now)
        }
        look(at: now)
    }

    /// Counts the requests that the ledger has and that were not counted before.
    func look(at now: Instant) {
        guard mustLook, !isDisabled else { return }
        do throws(Fault) {
            let longest = max(job.quiet, job.maxWait)
            guard let news = try inbox.look(isWaiting: debouncer.isWaiting, longest: longest) else { return }
            for requester in news.requesters {
                debouncer.request(from: requester, at: now - news.ages.first)
                debouncer.request(from: requester, at: now - news.ages.last)
            }
            state.requests += news.count
            isGuess = false
        } catch {
            logError(error.message)
            isGuess = !inbox.isNotified
            inbox.giveUp()
            debouncer.request(at: now)
        }
        hasNews = true
    }

    func obey(_ verb: Request.Verb, at now: Instant) {
        hasNews = true
        if verb == .pending { return inbox.notify() }
        if inbox.isNotified { look(at: now) }
        switch verb {
        case .pending: break
        case .request:
            isGuess = false
            state.requests += 1
            debouncer.request(from: Request(verb, name).requester, at: now)
            attempt(name) { () throws(Fault) in try inbox.addByHand() }
        case .flush:
            debouncer.flush()
        case .withdrawn:
            attempt(name) { () throws(Fault) in
                if try ledger.age(of: name, longest: Settings.longest) == nil { obey(.cancel, at: now) }
            }
        case .cancel:
            debouncer.cancel()
            inbox.clear()
            attempt(name) { () throws(Fault) in try ledger.withdraw(nil, from: name) }
        }
    }

    /// Does what the time has come for, and shows it. Costs nothing if nothing has happened.
    func settle(at now: Instant) {
        guard hasNews else { return }
        if isDisabled { debouncer.cancel() }
        if !isStopped {
            switch debouncer.tick(at: now) {
            case .none: break
            case .start: handle(.due, at: now)
            case .terminate: handle(.timeout, at: now)
            case .kill: handle(.graceOver, at: now)
            }
        }
        if case .throttled(let due) = debouncer.phase {
            throttles.error(
                "\(name): throttled, as it was requested too often: \(debouncer.throttled.listed); the next run is in \(seconds(due - now)) s; to run it now: cname-updater flush \(name)",
                about: due.sinceStart.milliseconds)
        }
        timer.set(isStopped ? nil : debouncer.wakeAt, now: now)
        state.publish(job, debouncer.phase)
        hasNews = false
    }

    var isStopped: Bool { if case .stopped = mode { true } else { false } }

    /// The daemon stops: what runs goes on to its end, and what waits is kept for the next daemon.
    func stop() {
        handle(.stop, at: Process.now)
        guard debouncer.isWaiting else { return }
        attempt(name) { () throws(Fault) in try inbox.keep() }
        log("a request waits; it is kept for the next start")
    }

    /// Ends what runs before its time.
    func kill() {
        handle(.kill, at: Process.now)
    }

    /// Takes the job from sight, once it is idle.
    func remove() {
        timer.cancel()
        state.remove()
    }
}
