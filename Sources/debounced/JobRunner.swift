import Basics
import Configuration
import Debounce
import Ledger
import Linux

/// Binds one job's state machine to its timer, its command, the ledger and its state files.
final class JobRunner {
    private var debouncer: Debouncer
    private let ledger: Ledger
    private let timer = Timer()
    private let recorder: Recorder?
    /// For the record, in which timers are never late: when the run had to start, and what the timer was last set to.
    private var due: Instant?
    private var awaited: Instant?
    private var state: JobState
    private var command: Command?
    private var changed: () -> Void = {}
    /// A request by hand stands in the ledger, or could not be written there yet: then we alone know of it.
    private var byHand = ByHand.nothing

    private enum ByHand { case nothing, noted, unnoted }

    private var isLeaving = false
    /// It is known whether a command of an earlier daemon still runs. Before that we start none.
    private var isAlone = false
    /// What the ledger could not do; that it is the same again is not worth another line.
    private var fault: Fault?
    /// What the log has said last of being slowed down.
    private var slowedUntil: Instant?

    /// - Throws: `cannotCreate` if the job's state can't be written.
    init(_ job: Job, _ places: Places, _ recorder: Recorder?) throws(Fault) {
        debouncer = Debouncer(job)
        self.recorder = recorder
        ledger = Ledger(run: places.daemon)
        state = try JobState(job, places)
    }

    var job: Job {
        get { debouncer.job }
        set { debouncer.job = newValue }
    }

    var name: ByteString { debouncer.job.name }
    var isIdle: Bool { debouncer.phase == .idle }
    var isRunning: Bool { command != nil }

    /// Takes up what an earlier daemon left.
    ///
    /// - Parameter changed: Called when time or the command's end calls for `settle`.
    func start(_ changed: @escaping () -> Void) {
        self.changed = changed
        timer.start(changed)
        let now = Process.now
        do throws(Fault) {
            try recover(at: now)
        } catch {
            Log.error("\(name): \(error.message)")
            // Tried again when its time has come.
            debouncer.request(at: now)
        }
        look(at: now)
    }

    private func recover(at now: Instant) throws(Fault) {
        if let process = try ledger.recover(name) {
            command = try Command(adopting: process) { [self] _ in adoptedEnded() }
            debouncer.adopt(at: now)
            Log.info("\(name): still running as process \(process.number); what it is about runs again after it")
        }
        isAlone = true
        do throws(Fault) {
            try ledger.putBack(name)
        } catch {
            Log.error("\(name): \(error.message)")
            // `take` puts it back.
            debouncer.request(at: now)
        }
    }

    /// Looks whether something is pending that nobody has told of.
    func look(at now: Instant) {
        do throws(Fault) {
            guard !debouncer.isWaiting,
                let age = try ledger.age(of: name, longest: max(job.quiet, job.maxWait))
            else { return }
            state.requests += 1
            recorder?.note(.pending, name, at: now)
            debouncer.request(at: now - age.first)
            debouncer.request(at: now - age.last)
        } catch {
            Log.error("\(name): \(error.message)")
            // Perhaps there is something: when its time has come, we see.
            debouncer.request(at: now)
        }
    }

    func take(_ verb: Request.Verb, at now: Instant) {
        // In a trace it is the cancel that it leads to.
        if verb != .withdrawn { recorder?.note(verb, name, at: now) }
        switch verb {
        case .pending:
            state.requests += 1
            debouncer.request(at: now)
        case .request:
            state.requests += 1
            debouncer.request(at: now)
            if byHand == .nothing { attempt { () throws(Fault) in try noteByHand() } }
        case .flush:
            debouncer.flush()
        case .withdrawn:
            attempt { () throws(Fault) in
                if try ledger.age(of: name, longest: Settings.longest) == nil { take(.cancel, at: now) }
            }
        case .cancel:
            debouncer.cancel()
            byHand = .nothing
            attempt { () throws(Fault) in try ledger.withdrawAll(from: name) }
        }
    }

    private func noteByHand() throws(Fault) {
        byHand = .unnoted
        try ledger.add(.fifo, to: name, event: "request \(name)")
        byHand = .noted
    }

    /// Does what the time has come for, and shows it.
    ///
    /// - Parameter rejected: Lines that the FIFO's door turned away.
    func settle(at now: Instant, rejected: Int) {
        // What has just been asked for could not have started earlier.
        let due = debouncer.wakeAt == awaited ? awaited ?? now : now
        // Once we leave, only a command that runs is seen to its end.
        switch isLeaving && command == nil ? .none : debouncer.tick(at: now) {
        case .none: break
        case .start: startCommand(due: due, at: now)
        case .terminate:
            Log.error("\(name): not done after \(job.timeout) s; TERM, and in \(Debouncer.grace) s KILL")
            command?.signal(.terminate)
        case .kill:
            Log.error("\(name): not done after TERM; KILL")
            command?.signal(.kill)
        }
        if case .paused(.slowed, let due) = debouncer.phase, due != slowedUntil {
            slowedUntil = due
            Log.error("\(name): each run leads to the next; slowed down, the next is in \(seconds(due - now)) s")
        }
        awaited = debouncer.wakeAt
        timer.set(isLeaving && command == nil ? nil : awaited, now: now)
        state.rejected = rejected
        state.publish(job, debouncer.phase)
    }

    private func startCommand(due: Instant, at now: Instant) {
        self.due = due
        do throws(Fault) {
            if !isAlone { try recover(at: now) }
            if command != nil { return look(at: now) }
            if byHand == .unnoted { try noteByHand() }
            let events = try ledger.take(name, run: state.runs + 1)
            byHand = .nothing
            guard let events else {
                debouncer.notNeeded()
                // In a replay it runs when it is due, unless it is taken back by then.
                recorder?.note(.cancel, name, at: due)
                Log.info("\(name): not needed any more")
                return
            }
            try ledger.checkRoom(for: name)
            fault = nil
            startCommand(events, at: now)
        } catch {
            debouncer.notReady(at: now)
            // If it can't be, `take` does so.
            try? ledger.putBack(name)
            if fault?.errno != error.errno { Log.error("\(name): \(error.message); tried every \(job.quiet) s") }
            fault = error
        }
    }

    private func startCommand(_ causes: [ByteString], at now: Instant) {
        do throws(Fault) {
            command = try Command(job, processFile: ledger.processFile(of: name)) { [self] outcome in
                let outcome = outcome ?? .exited(0)
                ended(outcome.status, outcome.text)
            }
            state.runs += 1
            state.lastRun = now
            state.causes = causes
            state.publish(job, debouncer.phase)
            Log.info("\(name): run \(state.runs): \(job.command)")
        } catch {
            ended(JobRunner.notStarted, error.message)
        }
    }

    /// The status of a command that can't be started: EX_OSERR of sysexits(3).
    private static let notStarted: Int32 = 71

    /// - Parameter text: What went wrong, if the status isn't 0.
    private func ended(_ status: Int32, _ text: ByteString) {
        let now = Process.now
        command = nil
        let ending = debouncer.ended(isSuccess: status == 0, at: now)
        recorder?.note(exit: status, name, due: due ?? now, at: now)
        state.lastExit = status
        if status != 0 { state.failures += 1 }
        // The state first: who is told of the end may look at it at once.
        state.publish(job, debouncer.phase)
        attempt { () throws(Fault) in
            if case .retry = ending {
                try ledger.putBack(name)
            } else {
                try ledger.finish(name, run: state.runs, status: status)
            }
        }
        let duration = seconds(now - (state.lastRun ?? now))
        switch ending {
        case .done:
            Log.info("\(name): done in \(duration) s")
        case .retry(let number, let pause):
            Log.error("\(name): \(text) after \(duration) s; retry \(number) of \(job.retries) in \(pause) s")
        case .givenUp:
            Log.error("\(name): \(text) after \(duration) s; given up, runs again when asked")
        }
        changed()
    }

    private func adoptedEnded() {
        command = nil
        _ = debouncer.ended(isSuccess: true, at: Process.now)
        changed()
    }

    /// The daemon stops: what waits is kept for the next.
    func leave() {
        isLeaving = true
        guard debouncer.isWaiting else { return }
        if byHand == .unnoted { attempt { () throws(Fault) in try noteByHand() } }
        Log.info("\(name): a request waits; it is kept for the next start")
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
            Log.error("\(name): \(error.message)")
        }
    }

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
