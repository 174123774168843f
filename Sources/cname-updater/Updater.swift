import Basics
import Configuration
import Debounce
import Leases
import Ledger
import Linux

/// Does what a call asks for.
struct Updater {
    private let places: Places
    private let settings: Settings
    private let ledger: Ledger

    /// - Throws: `settings`.
    init(_ places: Places) throws(Fault) {
        self.places = places
        settings = try Settings(file: places.config)
        ledger = Ledger(run: places.daemon)
    }

    /// Records the lease event of the environment, and asks for the job if it changed anything.
    func handleEvent() throws(Fault) {
        let event = try LeaseEvent(router: Process.hostName) { Process.environment($0) }
        try LeaseFolder(run: places.updater).record(event) { () throws(Fault) in
            let job = settings.updaterJob
            try Files.makeFolder(places.daemon)
            try ledger.add(.lease, to: job, event: event.summary)
            if let trouble = try ring(Request(.pending, job)) { Log.system("cname-updater", trouble) }
        }
    }

    /// Asks for a job by hand.
    ///
    /// - Parameter waits: Ends with the status of the command, when the run is over.
    /// - Throws: `usage` if there is no such job; `cannotCreate` if the request can't be kept.
    func request(_ name: ByteString?, waits: Bool) throws(Fault) {
        let job = try known(name)
        let receipt = try ledger.add(.manual, to: job, event: "request \(job)")
        if let trouble = try ring(Request(.pending, job)) {
            Log.info(trouble)
        } else if let trouble = stopped(job) {
            Log.info(trouble)
        }
        guard waits else { return }
        switch try receipt.wait() {
        case .over(let run, let status):
            Log.info(status == 0 ? "\(job): run \(run) is done" : "\(job): run \(run) failed with status \(status)")
            Process.exit(status)
        default:
            throw Fault(.unavailable, "\(job): the request was taken back")
        }
    }

    /// Has the daemon run what is pending now.
    ///
    /// - Throws: `usage` if there is no such job; `unavailable` if no daemon takes it.
    func flush(_ name: ByteString?) throws(Fault) {
        try Fifo.write(Request(.flush, known(name)).line, to: places.fifo)
    }

    /// Forgets what is pending.
    func cancel(_ name: ByteString?) throws(Fault) {
        let job = try known(name)
        try ledger.withdrawAll(from: job)
        // Without a daemon there is nobody else who has to forget it.
        _ = try ring(Request(.cancel, job))
    }

    /// Tells the daemon to look into the ledger.
    ///
    /// - Returns: If it can't be told because it does not run or does not read: what will happen. It looks into the
    ///   ledger when it does so again.
    /// - Throws: What else keeps us from telling it. Then it may run and not look, and nothing can be promised.
    private func ring(_ request: Request) throws(Fault) -> ByteString? {
        do throws(Fault) {
            try Fifo.write(request.line, to: places.fifo)
            return nil
        } catch {
            // Something else in the FIFO's place, which has no errno or is no file, ends the daemon too.
            guard error.code == .unavailable || error.errno == 0 || error.isNoFile else { throw error }
            return kept(error.message, request.job)
        }
    }

    /// - Returns: If the daemon runs but is stopped (signal(7), SIGSTOP): what will happen.
    private func stopped(_ job: ByteString) -> ByteString? {
        guard let daemon = try? FileLock.holder(of: places.daemon + "/lock"), RunningProcess.isStopped(daemon) else {
            return nil
        }
        return kept("debounced is stopped, as process \(daemon)", job)
    }

    private func kept(_ trouble: ByteString, _ job: ByteString) -> ByteString {
        "\(trouble); the request is kept, and '\(job)' runs once debounced is back"
    }

    /// The job of that name, or the settings'.
    ///
    /// - Throws: `usage` if neither the daemon nor the settings have it.
    private func known(_ name: ByteString?) throws(Fault) -> ByteString {
        let job = name ?? settings.updaterJob
        // Somebody else's, it may lead to anywhere.
        try Files.makeFolder(places.daemon)
        if Job.isName(job), try FileStatus(at: places.state(of: job)) != nil { return job }
        let running = try Files.names(in: places.daemon + "/jobs")
        let names = running.isEmpty ? settings.jobs.map { $0.name } : running
        guard names.contains(job) else {
            let list = names.joined(separator: ", ")
            throw Fault(.usage, "no job '\(job.printable())', there are: \(list)")
        }
        return job
    }
}

extension LeaseEvent {
    /// For the ledger: `add aa:bb:cc:dd:ee:ff 192.168.1.20 maxwell-arch`.
    fileprivate var summary: ByteString {
        let words = [action.word, client, address, hostName]
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }
}
