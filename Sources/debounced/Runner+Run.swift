import Basics
import Debounce
import Ledger
import Linux

/// The steps of a run: take the requests from the ledger, run the command, run the verification.
extension Runner {
    func recover(at now: Instant) throws(Fault) {
        if let process = try ledger.recover(name) {
            let child = try ChildProcess(adopting: process)
            mode = .busy(Command(child, output: nil, onEnd: processEnded), .adopted)
            debouncer.adopt(at: now)
            log("still running as process \(process.number); its requests run again after it")
        } else {
            mode = .ready
        }
        do throws(Fault) {
            try ledger.returnRequests(of: name)
        } catch {
            logError(error.message)
            // `startRun` tries again.
            debouncer.request(at: now)
        }
    }

    func startRun(at now: Instant) {
        do throws(Fault) {
            if case .unknown = mode { try recover(at: now) }
            if isRunning { return readInbox(at: now) }
            try inbox.saveToLedger()
            let taken = try ledger.startRun(of: name)
            inbox.clear()
            guard let taken else {
                debouncer.notNeeded()
                if !isGuess { log("no longer needed") }
                return
            }
            let processFile = try ledger.makeRoom(for: .command, of: name, run: taken.run)
            startFaults.clear()
            startCommand(of: (taken.run, now), causes: taken.events, processFile: processFile)
        } catch {
            debouncer.notReady(at: now)
            // If this fails too, the next `startRun` returns the requests.
            try? ledger.returnRequests(of: name)
            startFaults.error("\(name): \(error.message); tried every \(job.quiet) s", about: Int64(error.errno))
        }
    }

    private func startCommand(of run: Run, causes: [ByteString], processFile: ByteString) {
        for output in outputs { output.close() }
        outputs = []
        do throws(Fault) {
            mode = .busy(try spawn(job.command, processFile: processFile), .command(run))
            state.runs += 1
            state.covered = state.requests
            state.lastRun = run.began
            state.causes = causes
            state.publish(job, phase: debouncer.phase)
            log("run \(run.number): \(job.command)")
        } catch {
            finish(run, outcome: Outcome(error), at: run.began)
        }
    }

    private func spawn(
        _ line: ByteString, processFile: ByteString, variables: [ByteString] = []
    ) throws(Fault) -> Command {
        let command = try Command(
            line, of: name, environment: environment + variables, processFile: processFile, onEnd: processEnded)
        outputs.append(command.output!)
        return command
    }

    private func processEnded(_ ended: ChildProcess.Outcome?) {
        guard case .busy(let command, let step) = mode else { preconditionFailure("nothing runs") }
        let (outcome, now) = (Outcome(ended), Process.now)
        hasNews = true
        switch step {
        case .adopted:
            mode = .ready
            _ = debouncer.ended(isSuccess: true, at: now)
        case .command(let run): verify(run, outcome: outcome, isCut: command.isSignalled, at: now)
        case .verification(let run, let first): finish(run, outcome: first, verdict: outcome, at: now)
        }
        changed()
    }

    /// Checks whether the command worked. The updater's own verification follows every command, since it starts dnsmasq
    /// again after a restart that was cut off. Any other verification follows success only.
    private func verify(_ run: Run, outcome: Outcome, isCut: Bool, at now: Instant) {
        guard let line = job.verify, outcome.status == 0 || line == Job.verifiesDnsmasq
        else { return finish(run, outcome: outcome, at: now) }
        let result: ByteString = isCut ? "cut" : outcome.status == 0 ? "done" : "failed"
        do throws(Fault) {
            let processFile = try ledger.makeRoom(for: .verify, of: name, run: run.number)
            let ends: [ByteString] = ["DEBOUNCED_BEGAN=\(run.began.sinceStart)", "DEBOUNCED_RESULT=\(result)"]
            mode = .busy(try spawn(line, processFile: processFile, variables: ends), .verification(run, outcome))
            debouncer.verify(at: now)
        } catch {
            finish(run, outcome: outcome, verdict: Outcome(error), at: now)
        }
    }

    /// - Parameter verdict: How the verification has ended. It counts if the command has succeeded.
    private func finish(_ run: Run, outcome: Outcome, verdict: Outcome? = nil, at now: Instant) {
        let outcome = outcome.status != 0 ? outcome : verdict ?? outcome
        mode = .ready
        let ending = debouncer.ended(isSuccess: outcome.status == 0, at: now)
        state.lastExit = outcome.status
        if outcome.status != 0 { state.failures += 1 }
        state.saved = state.covered > state.runs ? state.covered - state.runs : 0
        // The state first: a program that learns of the end may read the state at once.
        state.publish(job, phase: debouncer.phase)
        let duration = seconds(now - run.began)
        attempt(name) { () throws(Fault) in
            if case .retry = ending {
                inbox.recordReturned(state.causes)
                try ledger.returnRequests(of: name)
            } else {
                try ledger.finish(name, run: run.number, status: outcome.status)
            }
        }
        if outcome.status == 0 { return log("done in \(duration) s") }
        let next: ByteString =
            switch ending {
            case .retry(let number, let pause) where !isStopping: "retry \(number) of \(job.retries) in \(pause) s"
            case .retry: "a request waits; it is kept for the next start"
            case .done, .givenUp: "given up, runs again when asked"
            }
        logError("\(outcome.text) after \(duration) s; \(next)")
    }
}

extension Runner.Outcome {
    /// The status is as for our own programs with this fault.
    fileprivate init(_ fault: Fault) { self.init(status: fault.code.status, text: fault.message) }

    /// - Parameter ended: nil for an adopted process: only its parent learns the status.
    fileprivate init(_ ended: ChildProcess.Outcome?) {
        switch ended {
        case .exited(let status)?: self.init(status: status, text: "failed with status \(status)")
        case .signalled(let number)?: self.init(status: 128 + number, text: "ended by signal \(number)")
        case nil: self.init(status: 0, text: "")
        }
    }
}
