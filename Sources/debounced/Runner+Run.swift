import Basics
import Configuration
import Debounce
import Ledger
import Linux

/// The steps of a run: its requests are taken from the ledger, its command runs, then its verification.
extension Runner {
    func recover(at now: Instant) throws(Fault) {
        if let process = try ledger.recover(name) {
            mode = .busy(try Command(adopting: process) { [self] in processEnded($0) }, .adopted)
            debouncer.adopt(at: now)
            log("still running as process \(process.number); what it is about runs again after it")
        } else {
            mode = .ready
        }
        do throws(Fault) {
            try ledger.putBack(name)
        } catch {
            logError(error.message)
            // `take` puts it back.
            debouncer.request(at: now)
        }
    }

    func begin(at now: Instant) {
        do throws(Fault) {
            if case .unknown = mode { try recover(at: now) }
            if isRunning { return look(at: now) }
            try inbox.keep()
            let taken = try ledger.take(name)
            inbox.clear()
            guard let taken else {
                debouncer.notNeeded()
                if !isGuess { log("not needed any more") }
                return
            }
            let processFile = try ledger.makeRoom(for: .command, of: name, run: taken.run)
            startFaults.clear()
            start(Run(number: taken.run, began: now), taken.events, processFile)
        } catch {
            debouncer.notReady(at: now)
            // If it can't be put back now, `take` does so.
            try? ledger.putBack(name)
            startFaults.error("\(name): \(error.message); tried every \(job.quiet) s", about: Int64(error.errno))
        }
    }

    func start(_ run: Run, _ causes: [ByteString], _ processFile: ByteString) {
        for output in outputs { output.close() }
        outputs = []
        do throws(Fault) {
            mode = .busy(try spawn(job.command, environment, processFile), .command(run))
            state.runs += 1
            state.covered = state.requests
            state.lastRun = run.began
            state.causes = causes
            state.publish(job, debouncer.phase)
            log("run \(run.number): \(job.command)")
        } catch {
            // Its status is the one that we would end with.
            finish(run, Outcome(status: error.code.status, text: error.message), at: run.began)
        }
    }

    /// Finds out whether a command did any good. The updater's own verification follows every command, as it starts dnsmasq
    /// again if that was cut off halfway; any other follows success only.
    ///
    /// - Returns: Whether there is a verification to wait for.
    func verify(_ run: Run, _ outcome: Outcome, isCut: Bool, at now: Instant) -> Bool {
        guard let line = job.verify, outcome.status == 0 || line == Job.verifiesDnsmasq else { return false }
        let result: ByteString = isCut ? "cut" : outcome.status == 0 ? "done" : "failed"
        do throws(Fault) {
            let processFile = try ledger.makeRoom(for: .verify, of: name, run: run.number)
            let ends: [ByteString] = ["DEBOUNCED_BEGAN=\(run.began.sinceStart)", "DEBOUNCED_RESULT=\(result)"]
            mode = .busy(try spawn(line, environment + ends, processFile), .verification(run, outcome))
            debouncer.verify(at: now)
        } catch {
            let fault = Outcome(status: error.code.status, text: error.message)
            finish(run, outcome.status != 0 ? outcome : fault, at: now)
        }
        return true
    }

    func spawn(
        _ line: ByteString, _ environment: [ByteString], _ processFile: ByteString
    ) throws(Fault) -> Command {
        let command = try Command(line, of: name, environment, processFile: processFile) { [self] in processEnded($0) }
        outputs.append(command.output!)
        return command
    }

    func processEnded(_ outcome: ChildProcess.Outcome?) {
        let outcome = outcome ?? .exited(0)
        handle(.ended(Outcome(status: outcome.status, text: outcome.text)), at: Process.now)
        changed()
    }

    func finish(_ run: Run, _ outcome: Outcome, at now: Instant) {
        rest()
        let ending = debouncer.ended(isSuccess: outcome.status == 0, at: now)
        state.lastExit = outcome.status
        if outcome.status != 0 { state.failures += 1 }
        state.saved = state.covered > state.runs ? state.covered - state.runs : 0
        // The state first: a program that is told of the end may look at it at once.
        state.publish(job, debouncer.phase)
        attempt(name) { () throws(Fault) in
            if case .retry = ending {
                inbox.putBack(state.causes)
                try ledger.putBack(name)
            } else {
                try ledger.finish(name, run: run.number, status: outcome.status)
            }
        }
        let duration = seconds(now - run.began)
        switch ending {
        case .done:
            log("done in \(duration) s")
        case .retry(let number, let pause):
            logError("\(outcome.text) after \(duration) s; retry \(number) of \(job.retries) in \(pause) s")
        case .givenUp:
            logError("\(outcome.text) after \(duration) s; given up, runs again when asked")
        }
    }

    func log(_ text: ByteString) { Log.info("\(name): \(text)") }
    func logError(_ text: ByteString) { Log.error("\(name): \(text)") }

    /// For a message: to the millisecond below a minute, else in whole seconds.
    func seconds(_ duration: Duration) -> Duration {
        duration < .seconds(60) ? duration : .seconds(duration.components.seconds)
    }
}

extension ChildProcess.Outcome {
    /// As a shell shows it in `$?`.
    fileprivate var status: Int32 {
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
