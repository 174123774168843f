import Basics
import Configuration
import Debounce
import Ledger
import Linux

/// Runs one job's command when its debouncer says so. It connects the debouncer with the inbox, the ledger, the timer,
/// the processes of a run and the state files.
final class Runner {
    enum Mode {
        /// A command of an earlier daemon may run: the ledger could not be read. No command is started.
        case unknown
        case ready
        case busy(Command, Step)
    }

    enum Step {
        case adopted
        case command(Run)
        /// The command has ended with this outcome, and its verification runs.
        case verification(Run, Outcome)
    }

    typealias Run = (number: Int, began: Instant)

    struct Outcome {
        /// As a shell shows it in `$?`.
        let status: Int32
        /// The fault, if the status isn't 0.
        let text: ByteString
    }

    let name: ByteString
    var debouncer: Debouncer
    let inbox: Inbox
    var mode = Mode.unknown
    let ledger: RequestLedger
    /// Variables for the command, besides the daemon's own.
    let environment: [ByteString]
    private lazy var timer = Timer { [self] in
        hasNews = true
        changed()
    }
    let state: JobState
    var startFaults = FaultLog()
    private var throttles = FaultLog()
    /// Called when a timer or the end of a process makes `settle` necessary.
    let changed: () -> Void
    /// The run is a guess, scheduled because the ledger could not be read.
    var isGuess = false
    var hasNews = true
    /// The outputs of the last run's processes. A child may hold them open.
    var outputs: [OutputLog] = []
    /// The daemon stops: no command is started.
    private(set) var isStopping = false
    /// The job is removed or disabled: a run goes on to its end. A disabled job's requests stay in the ledger.
    private var isRetired = false

    /// - Throws: `cannotCreate` if the job's state can't be written; no file is left.
    init(_ job: Job, places: Places, ledger: RequestLedger, onChange changed: @escaping () -> Void) throws(Fault) {
        (name, debouncer, inbox) = (job.name, Debouncer(job), Inbox(job.name, ledger: ledger))
        (self.ledger, self.changed, environment) = (ledger, changed, places.environment)
        state = try JobState(job, places: places)
    }

    var job: Job { debouncer.job }
    var isDone: Bool { isRetired && debouncer.phase == .idle }
    var isNotified: Bool { inbox.isNotified }
    /// The ledger must be read: a notification came, or a requester may have failed to send one. Not needed while an
    /// unthrottled run is scheduled, since that covers all requesters.
    var mustReadLedger: Bool {
        if case .throttled = debouncer.phase { return true }
        return inbox.isNotified || !debouncer.isWaiting
    }
    var isRunning: Bool { if case .busy = mode { true } else { false } }

    /// Puts the job's settings in force.
    /// - Parameter job: nil if the settings no longer have the job.
    func takeOver(_ job: Job?) {
        if let job { debouncer.job = job }
        isRetired = job == nil || !self.job.isEnabled
        hasNews = true
    }

    func start() {
        let now = Process.now
        do throws(Fault) {
            try recover(at: now)
        } catch {
            logError(error.message)
            // `startRun` tries again.
            debouncer.request(at: now)
        }
        readInbox(at: now)
    }

    /// Counts the requests in the ledger that are not counted.
    func readInbox(at now: Instant) {
        guard mustReadLedger, job.isEnabled else { return }
        let isNotified = isNotified
        do throws(Fault) {
            let longest = max(job.quiet, job.maxWait)
            guard let news = try inbox.read(isWaiting: debouncer.isWaiting, longest: longest) else { return }
            for requester in news.requesters {
                debouncer.request(from: requester, at: now - news.ages.first)
                debouncer.request(from: requester, at: now - news.ages.last)
            }
            state.requests += news.count
            isGuess = false
        } catch {
            logError(error.message)
            isGuess = !isNotified
            debouncer.request(at: now)
        }
        hasNews = true
    }

    func obey(_ verb: Request.Verb, at now: Instant) {
        hasNews = true
        if verb != .pending, isNotified { readInbox(at: now) }
        switch verb {
        case .pending: inbox.notify()
        case .request:
            isGuess = false
            state.requests += 1
            debouncer.request(from: Request(verb, job: name).requester, at: now)
            attempt(name) { () throws(Fault) in try inbox.addByHand() }
        case .flush: debouncer.flush()
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

    /// Does what is due, and publishes the state. Costs nothing if nothing has happened.
    func settle(at now: Instant) {
        guard hasNews else { return }
        if !job.isEnabled { debouncer.cancel() }
        let isStopped = isStopping && !isRunning
        if !isStopped { act(at: now) }
        if case .throttled(let due) = debouncer.phase {
            throttles.error(
                "\(name): throttled, as it was requested too often: \(debouncer.throttled.listed); the next run is in \(seconds(due - now)) s; to run it now: cname-updater flush \(name)",
                about: due.sinceStart.milliseconds)
        }
        timer.set(isStopped ? nil : debouncer.wakeAt, now: now)
        state.publish(job, phase: debouncer.phase)
        hasNews = false
    }

    private func act(at now: Instant) {
        switch (debouncer.tick(at: now), mode) {
        case (.none, _): break
        case (.start, .unknown), (.start, .ready): startRun(at: now)
        case (.terminate, .busy(let command, let step)):
            var limit = job.timeout
            if case .verification = step { limit = Debouncer.longestVerification }
            logError("not done after \(limit) s; TERM, and in \(Debouncer.grace) s KILL")
            command.signal(.terminate)
        case (.kill, .busy(let command, _)):
            logError("not done after TERM; KILL")
            command.signal(.kill)
        case (_, _): preconditionFailure("the state machine goes another way")
        }
    }

    /// The daemon stops: a run goes on to its end, and requests are kept for the next daemon.
    func stop() {
        isStopping = true
        hasNews = true
        guard debouncer.isWaiting else { return }
        attempt(name) { () throws(Fault) in try inbox.saveToLedger() }
        log("a request waits; it is kept for the next start")
    }

    func kill() { if case .busy(let command, _) = mode { command.signal(.kill) } }

    func remove() {
        timer.cancel()
        state.remove()
    }

    func log(_ text: ByteString) { Log.info("\(name): \(text)") }
    func logError(_ text: ByteString) { Log.error("\(name): \(text)") }

    /// Rounds a duration for a message: to milliseconds below a minute, else to seconds.
    func seconds(_ duration: Duration) -> Duration {
        duration < .seconds(60) ? duration : .seconds(duration.components.seconds)
    }
}
