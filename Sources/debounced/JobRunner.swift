import Basics
import Configuration
import Debounce
import Ledger
import Linux

/// Binds one job's state machine to its timer, its command, the ledger and its state files.
final class JobRunner {
    private enum Mode {
        /// A command of an earlier daemon may still run: nobody could tell yet. None is started before that is known.
        case unsure
        /// Nothing runs, and a command may start.
        case ready
        /// A command runs: ours, or that of an earlier daemon.
        case running(Command)
        /// The daemon stops. The command is the last, and is seen to its end.
        case ending(Command)
        /// The daemon stops. Nothing is started any more.
        case left
    }

    /// What becomes of requests by hand, which stand nowhere before we write them into the ledger.
    private enum ByHand {
        /// There are none.
        case none
        /// They stand in the ledger.
        case kept
        /// They could not be written there yet: we alone know of them.
        case unkept
    }

    /// One run of the command.
    private struct Run {
        let number: Int
        let began: Instant
    }

    private let debouncer: Debouncer
    private var mode = Mode.unsure
    private var byHand = ByHand.none
    /// So often somebody rang of whom we have not yet looked who it is.
    private var rings = 0
    /// So many were found in the ledger before they rang.
    private var unrung = 0
    /// The pending events that we know.
    private var known: [ByteString] = []
    private let ledger: Ledger
    private let timer = Timer()
    private var state: JobState
    private var startFaults = FaultLog()
    private var throttles = FaultLog()
    private var changed: () -> Void = {}
    /// Nobody is known to have asked for what waits: we could not look.
    private var isGuess = false
    /// Something has happened since the last `settle`.
    private var hasNews = true
    /// The job is no longer in the settings.
    var isRetired = false
    /// It is, but not enabled: what was accepted stays in the ledger until it is. A run that goes on is seen to its end.
    var isDisabled = false {
        didSet { hasNews = hasNews || isDisabled }
    }

    /// - Throws: `cannotCreate` if the job's state can't be written. Then nothing is left of it.
    init(_ job: Job, _ places: Places, _ ledger: Ledger) throws(Fault) {
        name = job.name
        debouncer = Debouncer(job)
        self.ledger = ledger
        state = try JobState(job, places)
    }

    private var job: Job { debouncer.job }
    let name: ByteString
    var isIdle: Bool { debouncer.phase == .idle }
    var isWaiting: Bool { debouncer.isWaiting }
    /// Somebody has rung, or might not have been able to: who waits already runs for all, but not if he is throttled.
    var hasToLook: Bool { rings > 0 || !isWaiting || isThrottled }
    var isRung: Bool { rings > 0 }
    private var isThrottled: Bool {
        if case .paused(.throttled, _) = debouncer.phase { true } else { false }
    }
    var isRunning: Bool { command != nil }

    private var hasLeft: Bool {
        if case .left = mode { true } else { false }
    }

    private var command: Command? {
        switch mode {
        case .running(let command), .ending(let command): command
        case .unsure, .ready, .left: nil
        }
    }

    /// Puts the job's settings in force.
    func takeOver(_ job: Job) {
        debouncer.job = job
        isRetired = false
        hasNews = true
    }

    /// Takes up what an earlier daemon left.
    ///
    /// - Parameter changed: Called when time or the command's end calls for `settle`.
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

    private func recover(at now: Instant) throws(Fault) {
        if let process = try ledger.recover(name) {
            mode = .running(try Command(adopting: process) { [self] _ in adoptedEnded() })
            debouncer.adopt(at: now)
            log("still running as process \(process.number); what it is about runs again after it")
        } else {
            mode = .ready
        }
        do throws(Fault) {
            try ledger.putBack(name)
        } catch {
            logError(error.message)
            // `take` puts it back.
            debouncer.request(at: now)
        }
    }

    /// Looks who has rung, and whether something is pending that nobody has told of.
    func look(at now: Instant) {
        guard hasToLook, !isDisabled else { return }
        do throws(Fault) {
            let events = try ledger.events(of: name)
            let old = isWaiting ? known : []
            let news = events.filter { event in !old.contains(where: { $0 == event }) }
            known = events
            if rings == 0, news.isEmpty { return }
            // Without news, somebody did the same once more; or he was found before he could ring, and counts already.
            let late = news.isEmpty ? min(unrung, rings) : 0
            unrung += rings == 0 ? 1 : -late
            let asking = !news.isEmpty ? news : events.isEmpty ? [Request.others] : events
            var ages: (first: Duration, last: Duration) = (.zero, .zero)
            if rings == 0, !isWaiting, let found = try ledger.age(of: name, longest: max(job.quiet, job.maxWait)) {
                ages = found
            }
            // One ring may be for many.
            for place in 0..<max(rings, news.count) {
                let requester = asking[min(place, asking.count - 1)].requester
                debouncer.request(from: requester, at: now - ages.first)
                debouncer.request(from: requester, at: now - ages.last)
            }
            state.requests += max(rings, 1) - late
            isGuess = false
        } catch {
            logError(error.message)
            // Perhaps there is something: we see when its time has come.
            isGuess = rings == 0
            debouncer.request(at: now)
        }
        hasNews = true
        rings = 0
    }

    func take(_ verb: Request.Verb, at now: Instant) {
        hasNews = true
        if verb == .pending {
            // The ledger says who it is. One look does for all who rang at the same time.
            rings += 1
            return
        }
        if rings > 0 { look(at: now) }
        switch verb {
        case .pending: break
        case .request:
            isGuess = false
            state.requests += 1
            debouncer.request(from: Request(verb, name).requester, at: now)
            if byHand == .none {
                byHand = .unkept
                tryToKeepByHand()
            }
        case .flush:
            debouncer.flush()
        case .withdrawn:
            attempt { () throws(Fault) in
                if try ledger.age(of: name, longest: Settings.longest) == nil { take(.cancel, at: now) }
            }
        case .cancel:
            debouncer.cancel()
            byHand = .none
            known = []
            unrung = 0
            attempt { () throws(Fault) in try ledger.withdrawAll(from: name) }
        }
    }

    /// Writes requests by hand into the ledger, unless they stand there.
    private func keepByHand() throws(Fault) {
        guard byHand == .unkept else { return }
        try ledger.keepByHand(name)
        known.append(Request(.request, name).requester)
        byHand = .kept
    }

    private func tryToKeepByHand() {
        attempt { () throws(Fault) in try keepByHand() }
    }

    /// Does what the time has come for, and shows it. Costs nothing if nothing has happened.
    func settle(at now: Instant) {
        guard hasNews else { return }
        hasNews = false
        if isDisabled { debouncer.cancel() }
        switch hasLeft ? .none : debouncer.tick(at: now) {
        case .none: break
        case .start: start(at: now)
        case .terminate:
            logError("not done after \(job.timeout) s; TERM, and in \(Debouncer.grace) s KILL")
            command?.signal(.terminate)
        case .kill:
            logError("not done after TERM; KILL")
            command?.signal(.kill)
        }
        if case .paused(.throttled, let due) = debouncer.phase {
            let who = debouncer.requesters.filter { $0.isThrottled && $0.isWaiting }.map { $0.name }.listed
            throttles.error(
                "\(name): throttled, as it was requested too often: \(who); the next run is in \(seconds(due - now)) s; to run it now: cname-updater flush \(name)",
                about: due.sinceStart.milliseconds)
        }
        timer.set(hasLeft ? nil : debouncer.wakeAt, now: now)
        state.publish(job, debouncer.phase)
    }

    private func start(at now: Instant) {
        do throws(Fault) {
            if case .unsure = mode { try recover(at: now) }
            if isRunning { return look(at: now) }
            try keepByHand()
            let taken = try ledger.take(name)
            byHand = .none
            known = []
            unrung = 0
            guard let taken else {
                debouncer.notNeeded()
                if isGuess { return }
                log("not needed any more")
                return
            }
            let processFile = try ledger.makeRoom(for: name, run: taken.run)
            startFaults.clear()
            start(Run(number: taken.run, began: now), taken.events, processFile)
        } catch {
            debouncer.notReady(at: now)
            // If it can't be put back now, `take` does so.
            try? ledger.putBack(name)
            startFaults.error("\(name): \(error.message); tried every \(job.quiet) s", about: Int64(error.errno))
        }
    }

    private func start(_ run: Run, _ causes: [ByteString], _ processFile: ByteString) {
        do throws(Fault) {
            mode = .running(
                try Command(job, processFile: processFile) { [self] outcome in
                    let outcome = outcome ?? .exited(0)
                    ended(run, outcome.status, outcome.text)
                    changed()
                })
            state.runs += 1
            state.covered = state.requests
            state.lastRun = run.began
            state.causes = causes
            state.publish(job, debouncer.phase)
            log("run \(run.number): \(job.command)")
        } catch {
            // Its status is the one that we would end with.
            ended(run, error.code.status, error.message)
        }
    }

    /// - Parameter text: What went wrong, if the status isn't 0.
    private func ended(_ run: Run, _ status: Int32, _ text: ByteString) {
        let now = Process.now
        noteEnd()
        let ending = debouncer.ended(isSuccess: status == 0, at: now)
        state.lastExit = status
        if status != 0 { state.failures += 1 }
        state.saved = max(0, state.covered - state.runs)
        // The state first: whoever is told of the end may look at it at once.
        state.publish(job, debouncer.phase)
        attempt { () throws(Fault) in
            if case .retry = ending {
                known += state.causes
                try ledger.putBack(name)
            } else {
                try ledger.finish(name, run: run.number, status: status)
            }
        }
        let duration = seconds(now - run.began)
        switch ending {
        case .done:
            log("done in \(duration) s")
        case .retry(let number, let pause):
            logError("\(text) after \(duration) s; retry \(number) of \(job.retries) in \(pause) s")
        case .givenUp:
            logError("\(text) after \(duration) s; given up, runs again when asked")
        }
    }

    private func adoptedEnded() {
        noteEnd()
        _ = debouncer.ended(isSuccess: true, at: Process.now)
        changed()
    }

    private func noteEnd() {
        if case .ending = mode { mode = .left } else { mode = .ready }
        hasNews = true
    }

    /// The daemon stops: what waits is kept for the next.
    func leave() {
        if let command { mode = .ending(command) } else { mode = .left }
        hasNews = true
        guard isWaiting else { return }
        tryToKeepByHand()
        log("a request waits; it is kept for the next start")
    }

    /// Ends the command before its time.
    func endCommand() {
        command?.signal(.kill)
    }

    /// Takes the job from sight, once it is idle.
    func remove() {
        timer.cancel()
        state.remove()
    }

    /// Does what must not stop the job if it fails.
    private func attempt(_ body: () throws(Fault) -> Void) {
        do throws(Fault) {
            try body()
        } catch {
            logError(error.message)
        }
    }

    private func log(_ text: ByteString) { Log.info("\(name): \(text)") }
    private func logError(_ text: ByteString) { Log.error("\(name): \(text)") }

    /// For a message: to the millisecond below a minute, else in whole seconds.
    private func seconds(_ duration: Duration) -> Duration {
        duration < .seconds(60) ? duration : .seconds(duration.components.seconds)
    }
}

extension ChildProcess.Outcome {
    /// As a shell shows it in `$?`.
    var status: Int32 {
        switch self {
        case .exited(let status): status
        case .signalled(let number): 128 + number
        }
    }

    fileprivate var text: ByteString {
        switch self {
        case .exited(let status): "failed with status \(status)"
        case .signalled(let number): "ended by signal \(number)"
        }
    }
}
