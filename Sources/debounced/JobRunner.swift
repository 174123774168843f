import Basics
import Configuration
import Debounce
import Linux

/// Binds one job's state machine to its timer, its command and its state files.
final class JobRunner {
    private var debouncer: Debouncer
    private let timer = Timer()
    private var state: JobState
    private var command: Command?
    private var changed: () -> Void = {}

    /// - Throws: `cannotCreate` if the job's state can't be written.
    init(_ job: Job, _ places: Places) throws(Fault) {
        debouncer = Debouncer(job)
        state = try JobState(job, places)
    }

    var job: Job {
        get { debouncer.job }
        set { debouncer.job = newValue }
    }

    var isIdle: Bool { debouncer.phase == .idle }
    var isRunning: Bool { command != nil }

    /// - Parameter changed: Called when time or the command's end calls for `settle`.
    func start(_ changed: @escaping () -> Void) {
        self.changed = changed
        timer.start(changed)
    }

    func take(_ verb: Request.Verb, at now: Instant) {
        switch verb {
        case .request:
            state.requests += 1
            debouncer.request(at: now)
        case .flush: debouncer.flush()
        case .cancel: debouncer.cancel()
        }
    }

    /// Does what the time has come for, and shows it.
    ///
    /// - Parameter rejected: Lines that the FIFO's door turned away.
    func settle(at now: Instant, rejected: Int) {
        switch debouncer.tick(at: now) {
        case .none: break
        case .start: startCommand(at: now)
        case .terminate:
            Log.error("\(job.name): not done after \(job.timeout) s; TERM, and in \(Debouncer.grace) s KILL")
            command?.signal(.terminate)
        case .kill:
            Log.error("\(job.name): not done after TERM; KILL")
            command?.signal(.kill)
        }
        timer.set(debouncer.wakeAt, now: now)
        state.rejected = rejected
        state.publish(job, debouncer.phase)
    }

    private func startCommand(at now: Instant) {
        do throws(Fault) {
            command = try Command(job) { [self] outcome in ended(outcome) }
            state.runs += 1
            state.lastRun = now
            Log.info("\(job.name): run \(state.runs): \(job.command)")
        } catch {
            debouncer.notStarted(at: now)
            Log.error("\(job.name): \(error.message); again in \(job.quiet) s")
        }
    }

    private func ended(_ outcome: ChildProcess.Outcome) {
        let now = Process.now
        command = nil
        let duration = state.lastRun.map { now - $0 } ?? .zero
        state.lastExit = outcome.status
        switch outcome {
        case .exited(0):
            Log.info("\(job.name): done in \(duration) s")
        case .exited(let status):
            state.failures += 1
            Log.error("\(job.name): failed with status \(status) after \(duration) s; runs again when asked")
        case .signalled(let number):
            state.failures += 1
            Log.error("\(job.name): ended by signal \(number) after \(duration) s; runs again when asked")
        }
        debouncer.ended(at: now)
        changed()
    }

    /// The daemon stops: says what it leaves undone.
    func leave() {
        if case .waiting = debouncer.phase { Log.error("\(job.name): a request was waiting; it is dropped") }
        debouncer.cancel()
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
}

extension ChildProcess.Outcome {
    /// As a shell shows it in `$?`.
    var status: Int32 {
        switch self {
        case .exited(let status): status
        case .signalled(let number): 128 + number
        }
    }
}
