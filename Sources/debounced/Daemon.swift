import Basics
import Configuration
import Debounce
import Dispatch
import Ledger
import Linux

/// The long-running program: binds the FIFO, the signals and the jobs to the main queue. Everything happens there, one
/// thing after the other.
final class Daemon {
    private let call: Call
    private let lock: FileLock
    /// nil once the daemon stops: who asks then is told that nobody is there.
    private var door: Door?
    private let watch: FileWatch
    private let removals: DispatchSourceRead
    private let doorTimer = Timer()
    private var signals: [DispatchSourceSignal] = []
    private var registered = 0
    private let recorder: Recorder?

    private var reader = RequestReader()
    private var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    /// The jobs of the settings: those that may be asked for.
    private var jobs: [Job]
    /// One for each of the jobs, and for a job that is no longer in the settings but not done.
    private var runners: [JobRunner] = []
    private var isStopping = false

    /// Takes the run directory: from here on requests are accepted.
    ///
    /// - Throws: `settings`; `alreadyRunning`; `cannotCreate` if the run directory can't be used.
    init(_ call: Call) throws(Fault) {
        self.call = call
        // A line that nobody reads any more is no reason to die.
        Process.ignore(.pipe)
        Process.closeInheritedFilesOnExec()
        jobs = try call.settings().jobs

        let run = call.places.daemon
        try Files.makeFolder(run)
        let lock = try FileLock(ifFree: run + "/lock")
        let watch = try FileWatch(removalsFrom: run)
        let recorder: Recorder? = if let path = call.record { try Recorder(path) } else { nil }
        try JobState.clear(call.places)
        for job in jobs { runners.append(try JobRunner(job, call.places, recorder)) }
        // Last: who can write a request finds the jobs.
        door = try Door(call.places.fifo)
        removals = DispatchSource.makeReadSource(fileDescriptor: watch.number, queue: .main)
        self.lock = lock
        self.watch = watch
        self.recorder = recorder
    }

    func start() {
        door?.open { [self] in readRequests() }
        removals.setEventHandler { [self] in lookAtFifo() }
        removals.activate()
        doorTimer.start { [self] in watchDoor() }
        handle(.terminate) { [self] in stop("TERM") }
        handle(.interrupt) { [self] in stop("INT") }
        handle(.hangUp) { [self] in reload() }
        handle(.user1) { [self] in flush() }
        for runner in runners { start(runner) }
        reportUnknownJobs()
        settle(at: Process.now)
        for source in signals { source.activate() }
    }

    private func start(_ runner: JobRunner) {
        // What stands in the FIFO was asked for before the time was up, even if the machine was too busy to read it.
        runner.start { [self] in readRequests() }
    }

    private func handle(_ signal: Signal, _ handler: @escaping () -> Void) {
        let source = DispatchSource.makeSignalSource(signal: signal.number, queue: .main)
        source.setEventHandler(handler: handler)
        // Dispatch takes a while to register it; a signal that comes before has its default action.
        source.setRegistrationHandler { [self] in
            registered += 1
            if registered == signals.count { announce() }
        }
        signals.append(source)
    }

    /// Says that it runs, now that no signal can end it by its default action.
    private func announce() {
        Log.info("running as process \(Process.number) on \(call.places.daemon): \(summary)")
    }

    private func readRequests() {
        // One moment for what is asked and what it leads to: so a trace has them at one moment too.
        var now = Process.now
        do throws(Fault) {
            // Not for ever: timers and signals have their turn too.
            for _ in 0..<4 {
                guard case .bytes(let count)? = try door?.fifo?.read(into: &buffer) else { break }
                now = Process.now
                let taken = reader.take(buffer[..<count], isDrained: count < buffer.count, at: now) {
                    Request(line: $0, jobs: jobs)
                }
                for request in taken {
                    runners.first { $0.name == request.job }?.take(request.verb, at: now)
                }
                // A burst is read in larger bites: what follows costs more than the reading.
                if taken.count < 8 { break }
                Process.pause(.milliseconds(1))
            }
        } catch {
            Log.error("the FIFO: \(error.message)")
        }
        // A doorbell that found the FIFO full was not heard. What it stood for is there now that we have read.
        for runner in runners { runner.look(at: now) }
        watchDoor()
        settle(at: now)
    }

    /// Makes a new FIFO if ours has gone. Meanwhile requests were kept in the ledger.
    private func lookAtFifo() {
        let path = call.places.fifo
        do throws(Fault) {
            try watch.take()
            guard let old = door, try old.fifo?.status().isSame(as: FileStatus(at: path)) == false else { return }
            guard try FileStatus(at: call.places.daemon) != nil else {
                throw Fault(.cannotCreate, "\(call.places.daemon): has gone, and all requests with it")
            }
            let new = try Door(path)
            old.close()
            new.open { [self] in readRequests() }
            door = new
            Log.error("\(path): had gone; made anew")
        } catch {
            // Started again by procd, it has all that it needs or says what it lacks.
            Log.error(error.message)
            Process.exit(error.code.rawValue)
        }
        let now = Process.now
        for runner in runners { runner.look(at: now) }
        settle(at: now)
    }

    private func reportUnknownJobs() {
        do throws(Fault) {
            for job in try Ledger(run: call.places.daemon).jobs() where !jobs.contains(where: { $0.name == job }) {
                Log.error("\(job.printable()): a request waits, but there is no such job; it is kept")
            }
        } catch {
            Log.error(error.message)
        }
    }

    /// Reports what the FIFO's door turned away.
    private func watchDoor() {
        let now = Process.now
        let before = reader.rejected
        if let report = reader.tick(at: now) {
            let lines: ByteString = report.rejected == 1 ? "a line" : "\(report.rejected) lines"
            Log.error("the FIFO: rejected \(lines), the last was '\(report.last.printable())'")
        }
        doorTimer.set(reader.wakeAt, now: now)
        if reader.rejected != before { settle(at: now) }
    }

    /// Lets every job do what its time has come for, and ends if all is done.
    private func settle(at now: Instant) {
        for runner in runners { runner.settle(at: now, rejected: reader.rejected) }
        runners.removeAll { runner in
            let isDone = runner.isIdle && !jobs.contains { $0.name == runner.name }
            if isDone { runner.remove() }
            return isDone
        }
        if isStopping, !runners.contains(where: { $0.isRunning }) { Process.exit(0) }
    }

    private func reload() {
        guard call.jobs.isEmpty else {
            Log.info("HUP: the jobs come from the command line, there is nothing to read again")
            return
        }
        do throws(Fault) {
            let new = try call.settings().jobs
            for job in new where !runners.contains(where: { $0.name == job.name }) {
                let runner = try JobRunner(job, call.places, recorder)
                runners.append(runner)
                start(runner)
            }
            for job in new { runners.first { $0.name == job.name }?.job = job }
            jobs = new
            Log.info("HUP: \(summary)")
        } catch {
            Log.error("HUP: \(error.message); the running settings stay in force")
        }
        settle(at: Process.now)
    }

    private func flush() {
        let now = Process.now
        for runner in runners { runner.take(.flush, at: now) }
        settle(at: now)
    }

    /// The first time waits for a command that runs: to break off a restart halfway would leave the router without
    /// the service. The second time ends it.
    private func stop(_ signal: ByteString) {
        guard !isStopping else {
            Log.info("\(signal): ending what runs")
            for runner in runners { runner.endCommand() }
            return
        }
        // What was written by hand stands nowhere else.
        readRequests()
        isStopping = true
        for runner in runners { runner.leave() }
        removals.cancel()
        let closing = door
        door = nil
        // Who asks from now on is told that nobody is there.
        closing?.close { [self] in
            Log.info("\(signal): stopping")
            for runner in runners where runner.isRunning {
                Log.info("\(signal): waiting for \(runner.name) to end; once more ends it")
            }
            settle(at: Process.now)
        }
    }

    private var summary: ByteString {
        jobs.map { "\($0.name) after \($0.quiet) s of quiet" }.joined(separator: ", ")
    }
}
