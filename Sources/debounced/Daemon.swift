import Basics
import Configuration
import Debounce
import Dispatch
import Ledger
import Linux

/// The long-running program: all handlers of the FIFO, the signals and the jobs run on the main queue.
final class Daemon {
    private let call: Call
    private let lock: FileLock
    private var fifo: Stream?
    private let watch: FileWatch
    private lazy var reportTimer = Timer { [self] in turn() }
    private var signals: [DispatchSourceSignal] = []
    private var registered = 0
    private let ledger: RequestLedger

    private var reader = RequestReader()
    private var buffer = [UInt8](repeating: 0, count: 4096)
    private var jobs: [Job] = []
    /// A runner for each job in force, and for each removed job that still has something to do.
    private var runners: [Runner] = []
    private var isStopping = false
    private var aliases: AliasUpdate?

    /// Takes the run directory: from here on requests are accepted.
    /// - Throws: `settings` if the system can't read a file now; `alreadyRunning`; `cannotCreate`.
    init(_ call: Call) throws(Fault) {
        self.call = call
        // Fails on a kernel without pidfd_open(2).
        _ = try ChildProcess.end(of: Process.number)
        Process.closeInheritedFilesOnExec()
        let (settings, lines) = try call.settingsForStart()
        for line in lines { Log.error(line) }

        let folder = call.places.daemon
        try Files.makeFolder(folder)
        lock = try FileLock(call.places.lock, patience: .zero)
        watch = try FileWatch(.changes, in: [folder])
        ledger = RequestLedger(folder: folder)
        try JobState.clear(call.places)
        try Files.replace(call.places.rejected, with: "0")
        if call.jobs.isEmpty { aliases = AliasUpdate(call.places) }
        try takeOver(settings)
        // Last, so that a program that can write a request finds the jobs.
        try openFifo()
    }

    private func openFifo() throws(Fault) { fifo = Stream(try Fifo.open(call.places.fifo)) { [self] in turn() } }

    func start() {
        handle(.terminate) { [self] in stop("TERM") }
        handle(.interrupt) { [self] in stop("INT") }
        handle(.hangUp) { [self] in reload() }
        handle(.user1) { [self] in
            for runner in runners { runner.obey(.flush, at: Process.now) }
            settle(at: Process.now)
        }
    }

    private func handle(_ signal: Signal, _ handler: @escaping () -> Void) {
        let source = DispatchSource.makeSignalSource(signal: signal.number, queue: .main)
        source.setEventHandler(handler: handler)
        // Until Dispatch has registered the signal, the signal has its default action.
        source.setRegistrationHandler { [self] in
            registered += 1
            if isUp { startJobs() }
        }
        signals.append(source)
        source.activate()
    }

    /// All signals are registered.
    private var isUp: Bool { registered == signals.count }

    private func startJobs() {
        Log.info("running as process \(Process.number) on \(call.places.daemon): \(summary)")
        let removals = DispatchSource.makeReadSource(fileDescriptor: watch.number, queue: .main)
        // Only the handler holds the source, until the source is cancelled.
        removals.setEventHandler { [self] in if isStopping { removals.cancel() } else { checkFolder() } }
        removals.activate()
        for runner in runners { runner.start() }
        readLines()
        reportUnknownJobs()
        turn()
        aliases?.apply()
    }

    /// Reads requests, and lets every job do what is due. Requests come first: they were written before the deadline,
    /// even if a busy machine reads them later.
    private func turn() {
        guard isUp else { return }
        let now = readRequests()
        readLedger(at: now)
        reportRejected(at: now)
        settle(at: now)
    }

    /// - Parameter isLast: The FIFO's name is removed, so the bytes in the FIFO are the last: reads all, at most 64 KB
    ///   (pipe(7)).
    /// - Returns: The moment of the last request, which is also the moment of all actions that follow.
    private func readRequests(isLast: Bool = false) -> Instant {
        var now = Process.now
        attempt("the FIFO") { () throws(Fault) in
            // Other handlers must have their turn. Once the daemon stops, the FIFO is empty.
            for _ in 0..<(isLast ? 17 : 4) where !isStopping {
                guard let count = try fifo?.file?.read(into: &buffer), count > 0 else { break }
                now = Process.now
                let obeyed = obey(buffer[..<count], isDrained: count < buffer.count, at: now)
                if isLast { continue }
                // A burst is read in larger parts, since all jobs are visited after each part.
                if obeyed < 8 { break }
                Process.pause(.milliseconds(1))
            }
        }
        return now
    }

    private func obey(_ bytes: ArraySlice<UInt8>, isDrained: Bool, at now: Instant) -> Int {
        let requests = reader.read(bytes, isDrained: isDrained, at: now) { Request(line: $0, jobs: jobs) }
        for request in requests { runners.first { $0.name == request.job }?.obey(request.verb, at: now) }
        return requests.count
    }

    /// Obeys the lines that were written to a file in the FIFO's place.
    private func readLines() {
        let path = Fifo.lines(of: call.places.fifo)
        attempt { () throws(Fault) in
            guard let text = try Files.readIfThere(path) else { return }
            _ = obey(text.bytes[...], isDrained: true, at: Process.now)
            try Files.remove(path)
        }
    }

    /// Finds requests without a notification, which can't be sent if the FIFO is full or missing. Called after the FIFO
    /// was read: a program writes the ledger first.
    private func readLedger(at now: Instant) {
        guard runners.contains(where: { $0.mustReadLedger }) else { return }
        // One listing for all jobs. If it fails, each runner reads its own part and reports the fault.
        let names = try? ledger.pending()
        for runner in runners where runner.isNotified || names?.contains(runner.name) ?? true {
            runner.readInbox(at: now)
        }
    }

    /// Makes a new FIFO if its name was removed. In between, programs write their requests into the ledger.
    private func checkFolder() {
        let places = call.places
        do throws(Fault) {
            watch.skip()
            guard try FileStatus(at: places.daemon) != nil
            else { throw Fault(.cannotCreate, "\(places.daemon): has gone, and all requests with it") }
            guard try lock.file.status().isSame(as: FileStatus(at: places.lock))
            else { throw Fault(.cannotCreate, "\(places.lock): has gone, and perhaps requests with it") }
            guard let old = fifo, try isReplaced else { return }
            try openFifo()
            old.close()
            Log.error("\(places.fifo): was removed; made again")
            readLines()
        } catch {
            error.end("debounced")
        }
        turn()
    }

    private var isReplaced: Bool {
        get throws(Fault) { try fifo?.file?.status().isSame(as: FileStatus(at: call.places.fifo)) == false }
    }

    private func reportUnknownJobs() {
        attempt { () throws(Fault) in
            for name in try ledger.jobs() {
                let job = jobs.first { $0.name == name }
                if job?.isEnabled ?? false { continue }
                let why: ByteString = job == nil ? "there is no such job" : "it is not in force"
                Log.error("\(name.printable()): a request waits, but \(why); it is kept")
            }
        }
    }

    private func reportRejected(at now: Instant) {
        if let report = reader.tick(at: now) {
            attempt { () throws(Fault) in try Files.replace(call.places.rejected, with: "\(reader.rejected)") }
            let lines: ByteString = report.rejected == 1 ? "a line" : "\(report.rejected) lines"
            let reason = report.reason.map { ": " + $0 } ?? ""
            Log.error("the FIFO: rejected \(lines), the last was '\(report.last.printable())'\(reason)")
        }
        reportTimer.set(reader.wakeAt, now: now)
    }

    /// Lets every job do what is due. Ends the process if the daemon is stopping and no command runs.
    private func settle(at now: Instant) {
        for runner in runners { runner.settle(at: now) }
        for runner in runners where runner.isDone { runner.remove() }
        runners = runners.filter { !$0.isDone }
        if isStopping, !runners.contains(where: { $0.isRunning }) { Process.exit(0) }
    }

    private func reload() {
        if isStopping { return }
        guard call.jobs.isEmpty
        else { return Log.info("HUP: the jobs come from the command line, there is nothing to read again") }
        do throws(Fault) {
            var findings = Findings()
            let settings = try call.settings(findings: &findings)
            try findings.refuseFaults()
            for finding in findings.all { Log.error(finding.message) }
            for runner in try takeOver(settings) where isUp { runner.start() }
            Log.info("HUP: \(summary)")
        } catch {
            Log.error("HUP: \(error.message); the running settings stay in force")
        }
        aliases?.apply()
        settle(at: Process.now)
    }

    /// Puts new settings in force. Changes nothing if a job can't be set up.
    /// - Returns: The runners of new jobs. The caller must start them.
    /// - Throws: `cannotCreate`, with no change made.
    @discardableResult private func takeOver(_ settings: Settings) throws(Fault) -> [Runner] {
        var new: [Runner] = []
        do throws(Fault) {
            for job in settings.jobs where !runners.contains(where: { $0.name == job.name }) {
                new.append(try Runner(job, places: call.places, ledger: ledger) { [self] in turn() })
            }
            // The updater finds the aliases there. Jobs of the command line are no settings.
            if call.jobs.isEmpty { try settings.takeOver(call.places) }
            aliases?.isEmpty = settings.aliases.isEmpty
        } catch {
            for runner in new { runner.remove() }
            throw error
        }
        runners += new
        jobs = settings.allJobs
        for runner in runners { runner.takeOver(jobs.first { $0.name == runner.name }) }
        return new
    }

    /// Stops after the present command: a restart that is cut off leaves no dnsmasq. A second signal ends it.
    private func stop(_ signal: ByteString) {
        guard isUp else { Process.exit(0) }
        guard !isStopping else {
            Log.info("\(signal): ending what runs")
            for runner in runners { runner.kill() }
            return
        }
        // After this, a line written by hand makes a file, which the next daemon reads. The FIFO's bytes must be read
        // here, since they are stored nowhere else.
        attempt { () throws(Fault) in if try !isReplaced { try Files.remove(call.places.fifo) } }
        _ = readRequests(isLast: true)
        turn()
        isStopping = true
        for runner in runners { runner.stop() }
        fifo?.close { [self] in
            Log.info("\(signal): stopping")
            for runner in runners where runner.isRunning {
                Log.info("\(signal): waiting for \(runner.name) to end; once more ends it")
            }
            settle(at: Process.now)
        }
    }

    private var summary: ByteString {
        jobs.filter { $0.isEnabled }.map { "\($0.name) after \($0.quiet) s of quiet" }.joined(separator: ", ")
    }
}
