import CLinux
import TestSupport
import Testing

/// The daemon's life from start to end, and the state that it finds at a start.
extension DaemonTests {
    @Test func aJobThatIsNotEnabledKeepsWhatWasAccepted() throws {
        func settings(isEnabled: Bool) -> String {
            "config job j\n\toption command 'echo ran'\n\toption quiet 600\n\toption enabled \(isEnabled ? 1 : 0)\n"
                + "config job k\n"
        }
        let daemon = try Daemon(settings: settings(isEnabled: true))
        #expect(try daemon.ask("request", "j").status == 0)
        daemon.reload(settings(isEnabled: false))
        try daemon.program.line(with: "HUP: ")
        try eventually("it is not shown any more") { daemon.state("state") == nil }
        let refused = try daemon.ask("request", "j")
        #expect(refused.status == 64 && refused.output == "cname-updater: no job 'j', there are: k")
        #expect(exists(daemon.run + "/pending/j/manual"))
        // The updater's `pending` and `withdrawn` lines are accepted, and a request by hand is rejected.
        try daemon.write("pending j\nwithdrawn j\nrequest j\n")
        try eventually("one line is rejected") { contents(daemon.run + "/rejected") == "1" }
        daemon.reload(settings(isEnabled: true))
        try daemon.program.line(with: "HUP: ")
        try eventually("it waits again") { daemon.state("state") == "waiting" }
        #expect(try daemon.ask("flush", "j").status == 0)
        try daemon.program.line(with: "j: ran")
        #expect(daemon.program.log.filter { $0 == "j: ran" }.count == 1)
    }

    /// The job's default command does not run, and accepted requests are kept.
    @Test func aJobWithAFaultyCommandIsLeftOut() throws {
        let daemon = try Daemon(settings: "config job j\n\toption command 'echo ran'\n\toption quiet 600\n")
        #expect(try daemon.ask("request", "j").status == 0)
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
        daemon.scratch.write("config", "config job j\n\toption comand 'echo ran'\n\toption quiet 0\n")
        try daemon.start()
        #expect(daemon.program.log.contains { $0.contains("config:1: job 'j' is left out: ") })
        try daemon.program.line(with: "j: a request waits, but it is not in force; it is kept")
        let refused = try daemon.ask("request", "j")
        #expect(
            refused.status == 64 && refused.output.hasPrefix("cname-updater: no job 'j', there are: "), "\(refused)")
        daemon.reload("config job j\n\toption command 'echo ran'\n\toption quiet 0\n")
        try daemon.program.line(with: "j: ran")
        #expect(!daemon.program.log.contains { $0.contains("failed") })
    }

    /// The alias stays, too, and no run is requested.
    @Test func aTypoAtAStartLeavesInForceWhatWas() throws {
        let daemon = try Daemon(starts: false)
        let alias = "config cname m\n\tlist target host\n"
        let job = "config job dnsmasq\n\toption command 'echo ran'\n\toption quiet 600\n"
        daemon.scratch.write("config", job + daemon.updaterSection + alias)
        try daemon.start()
        let event = ["ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:ff", "IPADDR": "10.0.0.1", "HOSTNAME": "host"]
        try daemon.ask(with: event)
        let fragment = daemon.scratch / "conf/cname-updater.conf"
        #expect(contents(fragment) == "cname=m,m.lan,host.lan")
        try daemon.ask("flush")
        try daemon.program.line(with: "dnsmasq: done")
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
        daemon.scratch.write("config", job + "config job it's\n" + daemon.updaterSection + alias)
        try daemon.start()
        let config = daemon.scratch / "config"
        #expect(daemon.program.log.contains("\(config):4: a quote is not closed"))
        #expect(daemon.program.log.contains("\(config): the settings that were in force stay"))
        #expect(try daemon.ask("apply").status == 0)
        #expect(contents(fragment) == "cname=m,m.lan,host.lan")
        #expect(daemon.state("state", of: "dnsmasq") == "idle" && daemon.state("quiet", of: "dnsmasq") == "600")
        // A reload does not take the typo over either. The next reload succeeds.
        daemon.program.signal(SIGHUP)
        try daemon.program.line(with: "HUP: \(config):4: a quote is not closed; the running settings stay in force")
        daemon.reload(job.replacing("600", with: "601") + daemon.updaterSection)
        try daemon.program.line(with: "HUP: dnsmasq after 601 s")
    }

    @Test func hangUpReadsTheSettingsAgain() throws {
        let daemon = try Daemon(settings: "config job a\noption quiet 600\noption command 'echo ran-a'\n")
        try daemon.write("request a\n")
        try eventually("it waits") { daemon.state("state", of: "a") == "waiting" }

        daemon.reload("config job a\noption quiet ten\n")
        try daemon.program.line(with: "config:2: quiet 'ten': allowed are seconds")
        #expect(daemon.state("quiet", of: "a") == "600")

        // The job left the settings, but its request stays.
        daemon.reload("config job b\noption command 'echo ran-b'\noption quiet 0.1\n")
        try daemon.program.line(with: "HUP: b after 0.1 s of quiet")
        #expect(daemon.state("state", of: "a") == "waiting")
        #expect(try daemon.ask("request", "b").status == 0)
        try daemon.program.line(with: "b: ran-b")

        daemon.reload("config job a\noption quiet 0.1\noption command 'echo ran-again'\n")
        try daemon.program.line(with: "a: ran-again")
        try eventually("b is taken from sight") { daemon.state("state", of: "b") == nil }
    }

    /// The folder of job `c` can't be made. The old settings then stay in force, and job `b` leaves no trace.
    @Test func hangUpIsAllOrNothing() throws {
        let daemon = try Daemon(settings: "config job a\noption quiet 600\noption command 'echo ran-a'\n")
        try daemon.write("request a\n")
        try eventually("it waits") { daemon.state("state", of: "a") == "waiting" }
        let new = ["a", "b", "c"].map { "config job \($0)\noption quiet 0.1\noption command 'echo ran-\($0)'\n" }
        daemon.scratch.write("run/jobs/c", "in the way")
        daemon.reload(new.joined())
        try daemon.program.line(with: "jobs/c: is a file, not a folder of ours; the running settings stay in force")
        #expect(daemon.state("quiet", of: "a") == "600")
        #expect(daemon.state("state", of: "a") == "waiting")
        #expect(try run(["ls", daemon.run + "/jobs"]).output == "a\nc")
        #expect(contents(daemon.run + "/jobs/c") == "in the way")
        try daemon.write("request b\n")
        try daemon.program.line(with: "rejected a line, the last was 'request b'")

        try run(["rm", daemon.run + "/jobs/c"])
        daemon.program.signal(SIGHUP)
        try daemon.program.line(with: "HUP: a after 0.1 s of quiet, b after 0.1 s of quiet, c after")
        try daemon.program.line(with: "a: ran-a")
        try daemon.write("request b\n")
        try daemon.program.line(with: "b: ran-b")
        try daemon.write("request c\n")
        try daemon.program.line(with: "c: ran-c")
    }

    /// A job takes at most 50 KB of memory: a page of 4 KB a file.
    @Test func aJobThatNobodyAskedForIsSmall() throws {
        let scratch = Scratch(in: "/dev/shm")
        let settings = scratch.write("config", (100...199).map { "config job j\($0)\noption quiet 600\n" }.joined())
        let daemon = try Daemon(starts: false)
        let run = scratch / "run"
        let program = try daemon.spawn([Built.debounced, "--config", settings, "--run-dir", run])
        try program.line(with: "running as process")
        func pages() throws -> Int {
            let sizes = try TestSupport.run(["du", "-k", "-s", run + "/jobs"]).output
            return Int(sizes.split(separator: "\t")[0])! / 4
        }
        #expect(try pages() <= 100 * 50 / 4)
        // Scripts find all files.
        let files = [
            "state", "command", "quiet", "requests", "runs", "failures", "saved", "last_exit", "last_run", "due",
        ]
        let shown = files.map { contents("\(run)/jobs/j150/\($0)") ?? "missing" }
        #expect(shown == ["idle", "service j150 restart", "600", "0", "0", "0", "0", "", "", ""])
        #expect(contents(run + "/jobs/j150/causes") == "")
        #expect(contents(run + "/rejected") == "0")
        // A change of one job's files does not change another job's files.
        try TestSupport.run(["sh", "-c", "echo 'request j150' >\(run)/fifo"])
        try eventually("it waits") { contents("\(run)/jobs/j150/state") == "waiting" }
        #expect(contents("\(run)/jobs/j150/requests") == "1")
        #expect(contents("\(run)/jobs/j151/state") == "idle" && contents("\(run)/jobs/j151/requests") == "0")
    }

    /// A reload during a stop starts nothing.
    @Test func hangUpWhileItStopsIsPassedOver() throws {
        let gate = try Gate()
        let daemon = try Daemon(settings: "config job a\noption command 'echo begins; \(gate.wait)'\noption quiet 0\n")
        try daemon.write("request a\n")
        try daemon.program.line(with: "a: begins")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for a to end")
        try run(["mkdir", "-p", daemon.run + "/pending/b"])
        daemon.scratch.write("run/pending/b/manual", "request b\n")
        daemon.reload("config job b\noption command 'echo ran-b'\noption quiet 0\n")
        try gate.open()
        #expect(try daemon.program.end() == 0)
        #expect(!daemon.program.log.contains { $0.hasPrefix("HUP") || $0.hasPrefix("b: ") }, "\(daemon.program.log)")
    }

    /// An event of one job costs no look at other jobs.
    @Test func idleJobsAreLeftAlone() throws {
        let daemon = try Daemon(settings: (10...99).map { "config job j\($0)\noption quiet 600\n" }.joined())
        func asks(_ job: String) throws {
            try daemon.write("request \(job)\n")
            // The daemon writes this file last.
            try eventually("\(job) is due") { ![nil, ""].contains(daemon.state("due", of: job)) }
        }
        // The daemon has finished its start.
        try asks("j10")
        let trace = try calls("%file", of: daemon) { _ in try asks("j50") }
        #expect(trace.contains { $0.contains("\(daemon.run)/jobs/j50/state.new") })
        let others = trace.filter {
            $0.contains("/j") && !$0.contains("/jobs/j50/") && !$0.contains("/pending/j50")
        }
        #expect(others == [])
        #expect(trace.filter { $0.contains("\(daemon.run)/pending\"") && $0.contains("open") }.count <= 2)
    }

    @Test func aJobThatLeftTheSettingsIsDoneFirst() throws {
        let daemon = try Daemon(settings: "config job a\noption quiet 600\noption command 'echo ran-a'\n")
        try daemon.write("request a\n")
        try eventually("it waits") { daemon.state("state", of: "a") == "waiting" }
        daemon.reload("config job b\n")
        try daemon.program.line(with: "HUP: b")
        daemon.program.signal(SIGUSR1)
        try daemon.program.line(with: "a: ran-a")
        try eventually("it is taken from sight") { daemon.state("state", of: "a") == nil }
        #expect(try daemon.ask("request", "a").status == 64)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func stops(signal: Int32) throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        daemon.program.signal(signal)
        #expect(try daemon.program.end() == 0)
        #expect(daemon.program.log.contains { $0.contains("j: a request waits; it is kept for the next start") })
        let late = try daemon.ask("request", "j")
        #expect(late.output.contains("debounced is not running; the request is kept"))
        #expect(late.status == 0)
    }

    /// A restart that is broken off halfway leaves the router without the service.
    @Test func stopsAfterTheRun() throws {
        let gate = try Gate()
        let daemon = try Daemon(["--job", "j=echo begins; \(gate.wait); echo ends", "--quiet", "0.1"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: begins")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for j to end")
        #expect(try daemon.ask("flush", "j").status == 69)
        try gate.open()
        #expect(try daemon.program.end() == 0)
        #expect(daemon.program.log.contains("j: ends"))
    }

    /// The next daemon tries the run again; the stopping daemon logs no retry.
    @Test func aRunThatFailsWhileItStopsIsKept() throws {
        let gate = try Gate()
        let daemon = try Daemon(["--job", "j=echo begins; \(gate.wait); exit 3", "--quiet", "0.1"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: begins")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for j to end")
        try gate.open()
        #expect(try daemon.program.end() == 0)
        let ends = daemon.program.log.filter { $0.contains("failed with status 3") }
        #expect(ends.count == 1 && ends[0].hasSuffix(" s; a request waits; it is kept for the next start"), "\(ends)")
        #expect(exists(daemon.run + "/pending/j/manual"))
        try daemon.start(["--job", "j=echo again", "--quiet", "0.1"])
        try daemon.program.line(with: "j: again")
    }

    @Test func stopsAtOnceIfToldTwice() throws {
        let daemon = try Daemon(["--job", "j=echo begins; sleep 1000", "--quiet", "0.1"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: begins")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for j to end")
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
    }

    @Test func aSecondDaemonNamesTheFirst() throws {
        let daemon = try Daemon(["--job", "j=true"])
        let second = try daemon.call("--job", "j=true")
        #expect(second.status == 75)
        #expect(second.output.contains("already running as process \(daemon.program.process)"))
        #expect(try daemon.ask("request", "j").status == 0)
        // A killed daemon leaves no lock.
        daemon.program.signal(SIGKILL)
        try daemon.program.end()
        #expect(try daemon.ask("flush", "j").status == 69)
        try daemon.start(["--job", "k=true"])
        #expect(daemon.state("state", of: "j") == nil)
        #expect(daemon.state("state", of: "k") == "idle")
    }

    @Test(arguments: ["names", "link", "folder"])
    func refusesWhatIsNoFifo(kind: String) throws {
        let daemon = try Daemon(starts: false)
        try run(["mkdir", "-m", "700", daemon.run])
        switch kind {
        case "names":
            daemon.scratch.write("run/fifo", "keep")
            try run(["ln", daemon.fifo, daemon.run + "/other"])
        case "link": try run(["ln", "-s", "/dev/null", daemon.fifo])
        default: try run(["mkdir", daemon.fifo])
        }
        let refused = try daemon.call()
        #expect(refused.status == 73)
        #expect(refused.output.contains("\(daemon.fifo): is a "), "\(refused.output)")
        #expect(refused.output.contains("left alone"))
    }

    /// The daemon must not crash where its variables for commands are new, as on a router.
    @Test func refusesWhatIsNoFifoWithoutVariables() throws {
        let daemon = try Daemon(settings: "", starts: false)
        try run(["mkdir", "-p", "-m", "700", daemon.fifo])
        let refused = try run(
            [Built.debounced, "--run-dir", daemon.run, "--config", daemon.scratch / "config"],
            environment: daemon.environment.mapValues { _ in nil })
        #expect(refused.status == 73)
        #expect(refused.output.contains("\(daemon.fifo): is a folder, not a FIFO of ours"), "\(refused.output)")
    }

    /// An ignored signal would hide a command's end from the daemon.
    @Test func undoesAnIgnoredChildSignal() throws {
        let daemon = try Daemon(
            ["--job", "j=exit 3", "--quiet", "0"], under: ["env", "--ignore-signal=CHLD"])
        try daemon.ask("request", "j")
        #expect(try daemon.program.line(with: "run 1").hasSuffix("exit 3"))
        #expect(try daemon.program.line(with: " after ").contains("failed with status 3"))
    }

    @Test func needsLinux5_3() throws {
        let scratch = Scratch()
        let old = try run([
            "strace", "-f", "-o", "/dev/null", "-e", "inject=pidfd_open:error=ENOSYS", Built.debounced, "--run-dir",
            scratch / "run", "--job", "j=true",
        ])
        #expect(old.status == 71)
        #expect(old.output == "debounced: needs Linux 5.3 or newer, which OpenWrt has since 21.02")
        #expect(!exists(scratch / "run"))
    }

    @Test func needsAPlaceForItsState() throws {
        let daemon = try Daemon(starts: false)
        #expect(try daemon.call("--run-dir", "/nonexistent/run").status == 73)
        #expect(try daemon.call("--run-dir", "/proc").status == 73)
        let full = try run([
            "unshare", "-m", "sh", "-c",
            "mkdir \(daemon.run) && mount -t tmpfs -o size=4k,mode=700 none \(daemon.run) && head -c 4096 /dev/zero >\(daemon.run)/filler; \(Built.debounced) --run-dir \(daemon.run)",
        ])
        #expect(full.status == 73)
        #expect(full.output.contains("No space left on device"), "\(full.output)")
    }
}
