import Basics
import Configuration
import Debounce
import Ledger
import Linux

/// What is asked for by hand.
extension Context {
    /// So long a daemon may be away: procd starts it again within 5 s.
    private static var longestAbsence: Duration { .seconds(5) }

    /// Asks for a job, and prints what has become of that.
    ///
    /// - Parameters:
    ///   - name: The job; nil: that of the settings.
    ///   - waits: Returns when the run is over.
    ///   - asJSON: Prints nothing but one answer.
    /// - Returns: The exit status: that of the command, if the run was waited for, else 0.
    /// - Throws: `usage` if there is no such job; `cannotCreate` if the request can't be kept; `unavailable` if it is kept but
    ///   can't be waited for.
    public func request(_ name: ByteString?, waits: Bool, asJSON: Bool) throws(Fault) -> Int32 {
        let job = try known(name)
        // The run is to find the aliases of settings that have changed. A fault in them does not keep it from running.
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

    /// Describes what `request --wait` waits for.
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

    /// Has the daemon run what is pending now.
    ///
    /// - Throws: `usage` if there is no such job; `unavailable` if no daemon takes it.
    public func flush(_ name: ByteString?, asJSON: Bool) throws(Fault) {
        try Fifo.write(Request(.flush, job: known(name)).line, to: places.fifo)
        answer(asJSON: asJSON)
    }

    /// Forgets what is pending.
    ///
    /// - Throws: `usage` if there is no such job; `cannotCreate`.
    public func cancel(_ name: ByteString?, asJSON: Bool) throws(Fault) {
        let job = try known(name)
        try ledger.withdraw(nil, from: job)
        // A daemon that is away has nothing to forget.
        _ = try notifier.notify(.withdrawn, job: job)
        answer(asJSON: asJSON)
    }

    /// - Parameter isAsked: The answer goes to a program that asked for it, perhaps without a terminal.
    /// - Returns: How to run the job now, if its requests were too many and it has to wait; nil where no one reads the answer.
    private func throttled(_ job: ByteString, isAsked: Bool) -> ByteString? {
        guard isAsked || Process.isTerminal else { return nil }
        let state = places.state(of: job) + "/state"
        // Once the daemon has heard of it, something waits. On a busy machine that takes a while.
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

    /// - Returns: If the daemon does not run, or is stopped (signal(7), SIGSTOP): what will happen.
    private func trouble(_ job: ByteString) -> ByteString? {
        var what: ByteString = "debounced is not running"
        if let daemon = (try? FileLock.holder(of: places.lock)) ?? nil {
            guard RunningProcess.isStopped(daemon) else { return nil }
            what = "debounced is stopped, as process \(daemon)"
        }
        return notifier.kept(what, job: job)
    }

    /// The job of that name, or the settings'.
    ///
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
