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
    private var fifo: Stream?
    private let watch: FileWatch
    private lazy var reportTimer = Timer { [self] in turn() }
    private var signals: [DispatchSourceSignal] = []
    private var registered = 0
    private let ledger: RequestLedger

    private var reader = RequestReader()
    private var buffer = [UInt8](repeating: 0, count: 4096)
    /// The jobs of the settings.
    private var jobs: [Job] = []
    /// One for each of the jobs, and for each job that is no longer in the settings but not done.
    private var runners: [Runner] = []
    private var isStopping = false
    /// Has the updater keep up with what is in force.
    private var aliases: AliasUpdate?

    /// Takes the run directory: from here on requests are accepted.
    ///
    /// - Throws: `settings` if the system can't read a file now; `alreadyRunning`; `cannotCreate` if the run directory can't be used.
    init(_ call: Call) throws(Fault) {
        self.call = call
        // Fails on a kernel that can't tell how a command ends.
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
        // Last: a program that can write a request finds the jobs.
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
        // Dispatch takes a while to register it; a signal that comes before has its default action.
        source.setRegistrationHandler { [self] in
            registered += 1
            if isUp { startJobs() }
        }
        signals.append(source)
        source.activate()
    }

    /// No signal can end it by its default action any more.
    private var isUp: Bool { registered == signals.count }

    /// Says that it runs, and begins with what it finds.
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

    /// Reads requests, and lets every job do what its time has come for. Called when something came through the FIFO, when a
    /// job's time is up, and when its command has ended.
    ///
    /// Requests come first: what stands in the FIFO was written before the time was up, even if the machine was too busy to
    /// read it.
    private func turn() {
        guard isUp else { return }
        let now = readRequests()
        readLedger(at: now)
        reportRejected(at: now)
        settle(at: now)
    }

    /// - Parameter isLast: Nobody can write any more: reads all, which is 64 KB at most (pipe(7)).
    /// - Returns: The moment of the last request. What it leads to happens at the same moment.
    private func readRequests(isLast: Bool = false) -> Instant {
        var now = Process.now
        attempt("the FIFO") { () throws(Fault) in
            // Timers and signals must have their turn, too. Once the daemon stops, all has been read.
            for _ in 0..<(isLast ? 17 : 4) where !isStopping {
                guard let count = try fifo?.file?.read(into: &buffer), count > 0 else { break }
                now = Process.now
                let obeyed = obey(buffer[..<count], isDrained: count < buffer.count, at: now)
                if isLast { continue }
                // A burst is read in larger bites: what follows costs more than the reading.
                if obeyed < 8 { break }
                Process.pause(.milliseconds(1))
            }
        }
        return now
    }

    /// - Returns: The number of requests.
    private func obey(_ bytes: ArraySlice<UInt8>, isDrained: Bool, at now: Instant) -> Int {
        let requests = reader.read(bytes, isDrained: isDrained, at: now) { Request(line: $0, jobs: jobs) }
        for request in requests { runners.first { $0.name == request.job }?.obey(request.verb, at: now) }
        return requests.count
    }

    /// Obeys the lines that were written to the FIFO's path while there was none.
    private func readLines() {
        let path = Fifo.lines(of: call.places.fifo)
        attempt { () throws(Fault) in
            guard let text = try Files.readIfThere(path) else { return }
            _ = obey(text.bytes[...], isDrained: true, at: Process.now)
            try Files.remove(path)
        }
    }

    /// Finds requests whose notification could not be sent, as the FIFO was full or not there. They stand in the ledger by
    /// the time that the FIFO has been read.
    private func readLedger(at now: Instant) {
        guard runners.contains(where: { $0.mustReadLedger }) else { return }
        // One look for all jobs, however many are idle. If it fails, each looks for itself and reports what it finds.
        let names = try? ledger.pending()
        for runner in runners where runner.isNotified || names?.contains(runner.name) ?? true {
            runner.readInbox(at: now)
        }
    }

    /// Makes a new FIFO if ours has gone. Meanwhile requests were kept in the ledger.
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
            Log.error("\(places.fifo): had gone; made anew")
            readLines()
        } catch {
            // Started again by procd, it has all that it needs or says what it lacks.
            error.end("debounced")
        }
        turn()
    }

    /// Whether another file, or none, is in the FIFO's place.
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

    /// Shows and logs what came through the FIFO and was no request.
    private func reportRejected(at now: Instant) {
        if let report = reader.tick(at: now) {
            attempt { () throws(Fault) in try Files.replace(call.places.rejected, with: "\(reader.rejected)") }
            let lines: ByteString = report.rejected == 1 ? "a line" : "\(report.rejected) lines"
            let reason = report.reason.map { ": " + $0 } ?? ""
            Log.error("the FIFO: rejected \(lines), the last was '\(report.last.printable())'\(reason)")
        }
        reportTimer.set(reader.wakeAt, now: now)
    }

    /// Lets every job do what its time has come for, and ends if all is done.
    private func settle(at now: Instant) {
        for runner in runners { runner.settle(at: now) }
        for runner in runners where runner.isDone { runner.remove() }
        runners = runners.filter { !$0.isDone }
        if isStopping, !runners.contains(where: { $0.isRunning }) { Process.exit(0) }
    }

    private func reload() {
        // Nothing is started any more.
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

    /// Puts new settings in force: all of them, or none if something can't be set up that they need.
    ///
    /// - Returns: The runners of new jobs, which are yet to be started.
    /// - Throws: `cannotCreate`. Then all is as it was.
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
        // From here on nothing can fail.
        runners += new
        jobs = settings.allJobs
        for runner in runners { runner.takeOver(jobs.first { $0.name == runner.name }) }
        return new
    }

    /// Waits for a command that runs: a restart that is cut off halfway leaves the router without the service. A second
    /// signal ends the command.
    private func stop(_ signal: ByteString) {
        // Nothing has begun.
        guard isUp else { Process.exit(0) }
        guard !isStopping else {
            Log.info("\(signal): ending what runs")
            for runner in runners { runner.kill() }
            return
        }
        // From here on a line that is written by hand makes a file, which the next daemon reads. What is in the FIFO stands
        // nowhere else.
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
