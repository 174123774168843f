import Basics
import Configuration
import Debounce
import Leases
import Ledger
import Linux

/// Does what a call asks for.
struct Updater {
    private let places: Places
    private let settings: UpdaterSettings
    private let doorbell: Doorbell

    /// - Throws: `settings`.
    init(_ places: Places) throws(Fault) {
        self.places = places
        settings = try UpdaterSettings(file: places.config)
        doorbell = Doorbell(places: places)
    }

    /// Records the lease event of the environment, brings the aliases up to date, and asks for the job if that is
    /// called for.
    func handleEvent() throws(Fault) {
        let event = try LeaseEvent(router: Process.hostName) { Process.environment($0) }
        try EventHandler(places, settings).handle(event)
    }

    func printAliases(asJSON: Bool) throws(Fault) {
        try Report(places).printAliases(settings.aliases, asJSON: asJSON)
    }

    /// Asks for a job by hand.
    ///
    /// - Parameter waits: Ends with the status of the command, when the run is over.
    /// - Throws: `usage` if there is no such job; `cannotCreate` if the request can't be kept.
    func request(_ name: ByteString?, waits: Bool) throws(Fault) {
        let job = try known(name)
        updateAliases()
        let receipt = try doorbell.ask(.manual, for: job, because: "request \(job)")
        if let trouble = try doorbell.ring(.pending, job) {
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

    /// Has the run find the aliases of settings that have changed. A fault in them does not keep it from running.
    private func updateAliases() {
        do throws(Fault) {
            if try AliasKeeper.isNeeded(places, settings) {
                try EventHandler(places, settings).updateAliases(because: "the settings have changed")
            }
        } catch {
            Log.error("cname-updater: \(error.message)")
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
        try Ledger(run: places.daemon).withdrawAll(from: job)
        // Without a daemon there is nobody else who has to forget it.
        _ = try doorbell.ring(.withdrawn, job)
    }

    /// - Returns: If the daemon runs but is stopped (signal(7), SIGSTOP): what will happen.
    private func stopped(_ job: ByteString) -> ByteString? {
        guard let daemon = try? FileLock.holder(of: places.daemon + "/lock"), RunningProcess.isStopped(daemon) else {
            return nil
        }
        return doorbell.kept("debounced is stopped, as process \(daemon)", job)
    }

    /// The job of that name, or the settings'.
    ///
    /// - Throws: `usage` if neither the daemon nor the settings have it.
    private func known(_ name: ByteString?) throws(Fault) -> ByteString {
        let job = name ?? settings.settings.updaterJob
        // Somebody else's, it may lead to anywhere.
        try Files.checkFolder(places.daemon)
        if Job.isName(job), try FileStatus(at: places.state(of: job)) != nil { return job }
        let running = try Files.names(in: places.daemon + "/jobs")
        let names = running.isEmpty ? settings.settings.jobs.map { $0.name } : running
        guard names.contains(job) else {
            let list = names.joined(separator: ", ")
            throw Fault(.usage, "no job '\(job.printable())', there are: \(list)")
        }
        return job
    }
}
