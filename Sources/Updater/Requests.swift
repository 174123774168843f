import Basics
import Configuration
import Debounce
import Ledger
import Linux

extension Context {
    /// procd starts the daemon again within 5 s.
    private static var longestAbsence: Duration { .seconds(5) }

    /// Requests a job, and prints the result.
    /// - Parameters:
    ///   - name: The job; nil for the job in the settings.
    ///   - waits: Returns when the run is over.
    ///   - asJSON: Prints only one JSON object.
    /// - Returns: The exit status: the command's after a wait, else 0.
    /// - Throws: `usage`: no such job; `cannotCreate`: the request is not kept; `unavailable`: it can't be waited for.
    public func request(_ name: ByteString?, waits: Bool, asJSON: Bool) throws(Fault) -> Int32 {
        let job = try known(name)
        // The run must find the aliases of changed settings. A fault in them does not stop the run.
        do throws(Fault) {
            try reconcile(Occasion("a request"), waits: true)
        } catch {
            Log.error("cname-updater: \(error.message)")
        }
        let event: ByteString = "request \(job)"
        let awaited = waits ? try AwaitedRequest(.manual, to: job, event: event, in: ledger) : nil
        if !waits { try ledger.add(.manual, to: job, event: event) }
        let trouble = try notifier.notify(.pending, job: job) ?? trouble(job) ?? throttled(job, isAsked: asJSON)
        guard let awaited else {
            answer(trouble ?? "", asJSON: asJSON)
            return 0
        }
        func say(_ line: ByteString) { if !asJSON { Log.info(line) } }
        if let trouble { say(trouble) }
        if Process.environment("DEBOUNCED_JOB") == job {
            throw Fault(
                .unavailable, "\(job): its own command can't wait for it; the request is kept, and it runs again")
        }
        say(expectation(of: job))
        var since: Instant?
        var lastTrouble: ByteString = ""
        let result = try awaited.wait {
            guard let trouble = self.trouble(job) else {
                since = nil
                return true
            }
            lastTrouble = trouble
            let start = since ?? Process.now
            since = start
            return Process.now - start < Self.longestAbsence
        }
        switch result {
        case .over(let run, let status)?:
            let what: ByteString = status == 0 ? "is done" : "failed with status \(status)"
            answer(status: status, "\(job): run \(run) \(what)", run: run, asJSON: asJSON)
            return status
        case .withdrawn?: throw Fault(.unavailable, "\(job): the request was taken back")
        default: throw Fault(.unavailable, lastTrouble)
        }
    }

    private func answer(status: Int32 = 0, _ text: ByteString = "", run: Int? = nil, asJSON: Bool) {
        if asJSON { return Log.answer(status: status, text, run: run) }
        if !text.isEmpty { Log.info(text) }
    }

    private func expectation(of job: ByteString) -> ByteString {
        func shown(_ name: ByteString) -> ByteString {
            (try? Files.read("\(places.state(of: job))/\(name)"))?.lines.first ?? ""
        }
        let state = shown("state")
        if state.isEmpty { return "\(job): waiting for its run" }
        let now: ByteString = state == "idle" || state == "waiting" ? "" : "; now it is \(state)"
        return
            "\(job): waiting for '\(shown("command").printable())', after \(shown("quiet")) s without a request\(now)"
    }

    /// Tells the daemon to run now what is pending.
    /// - Throws: `usage` if there is no such job; `unavailable` if no daemon reads the FIFO.
    public func flush(_ name: ByteString?, asJSON: Bool) throws(Fault) {
        try Fifo.write(Request(.flush, job: known(name)).line, to: places.fifo)
        answer(asJSON: asJSON)
    }

    /// Forgets what is pending.
    /// - Throws: `usage` if there is no such job; `cannotCreate`.
    public func cancel(_ name: ByteString?, asJSON: Bool) throws(Fault) {
        let job = try known(name)
        try ledger.withdraw(nil, from: job)
        // A daemon that is away needs no notification.
        _ = try notifier.notify(.withdrawn, job: job)
        answer(asJSON: asJSON)
    }

    /// Returns how to run a throttled job now; nil if it is not throttled, or the answer has no reader.
    /// - Parameter isAsked: A program reads the answer.
    private func throttled(_ job: ByteString, isAsked: Bool) -> ByteString? {
        guard isAsked || Process.isTerminal else { return nil }
        let state = places.state(of: job) + "/state"
        // A busy daemon may need a while to count the request. Until then the job is idle.
        for _ in 0..<500 {
            switch (try? Files.readIfThere(state))?.lines.first ?? "" {
            case "idle": Process.pause(.milliseconds(1))
            case "throttled":
                return "\(job): throttled, as it was requested too often; to run it now: cname-updater flush \(job)"
            default: return nil
            }
        }
        return nil
    }

    /// Returns what will happen if the daemon does not run, or is stopped: signal(7), SIGSTOP; nil if it runs.
    private func trouble(_ job: ByteString) -> ByteString? {
        var what: ByteString = "debounced is not running"
        if let daemon = (try? FileLock.holder(of: places.lock)) ?? nil {
            guard RunningProcess.isStopped(daemon) else { return nil }
            what = "debounced is stopped, as process \(daemon)"
        }
        return notifier.kept(what, job: job)
    }

    /// Returns the job of that name, or the job in the settings.
    /// - Throws: `usage` if neither the daemon nor the settings have it.
    private func known(_ name: ByteString?) throws(Fault) -> ByteString {
        let job = name ?? settings.updater.job
        if Job.isName(job), try FileStatus(at: places.state(of: job)) != nil { return job }
        var names = try Files.names(in: places.daemon + "/jobs")
        if names.isEmpty { names = settings.all.jobs.map { $0.name } }
        guard names.contains(job)
        else { throw Fault(.usage, "no job '\(job.printable())', there are: \(names.listed)") }
        return job
    }
}
