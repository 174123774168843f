import CLinux
import TestSupport
import Testing

/// A daemon on a run directory of its own.
final class Daemon {
    let scratch = Scratch()
    private(set) var program: Program!
    var run: String { scratch / "run" }
    var fifo: String { run + "/fifo" }

    /// - Parameter settings: Written to the settings file, if any.
    /// - Parameter wrapper: Words that end in exec(3) of the words after them.
    init(
        _ arguments: [String] = [], settings: String? = nil, starts: Bool = true, under wrapper: [String] = []
    ) throws {
        if let settings { scratch.write("config", settings) }
        if starts { try start(arguments, under: wrapper) }
    }

    var environment: [String: String?] {
        ["DEBOUNCED_RUN_DIR": run, "DEBOUNCED_CONFIG": scratch / "config", "CNAME_UPDATER_RUN_DIR": scratch / "leases"]
    }

    func start(_ arguments: [String] = [], under wrapper: [String] = []) throws {
        program = try spawn(wrapper + [Built.debounced] + arguments)
        try program.line(with: "running as process \(program.process) on \(run)")
    }

    /// Starts a program with the daemon's settings and folders, which stay until it has ended.
    func spawn(_ words: [String]) throws -> Program {
        try Program(words, environment: environment, in: scratch)
    }

    func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws {
        let file = linux_open(fifo, O_WRONLY, 0)
        defer { close(file) }
        guard CLinux.write(file, bytes, bytes.count) == bytes.count else { throw Failure("can't write to the FIFO") }
    }

    func state(_ name: String, of job: String = "j") -> String? { contents("\(run)/jobs/\(job)/\(name)") }

    @discardableResult
    func call(_ words: String...) throws -> (status: Int32, output: String) {
        try TestSupport.run([Built.debounced] + words, environment: environment)
    }

    @discardableResult
    func ask(_ words: String..., with variables: [String: String?] = [:]) throws -> (status: Int32, output: String) {
        try TestSupport.run(
            [Built.updater] + words, environment: environment.merging(variables) { $1 })
    }
}

@Suite struct DaemonTests {
    @Test func runsOnceForManyRequests() throws {
        let daemon = try Daemon(["--job", "j=echo ran", "--quiet", "1"])
        for _ in 0..<10 { #expect(try daemon.ask("request", "j").status == 0) }
        try daemon.program.line(with: "j: ran")
        try daemon.program.line(with: "j: done")
        #expect(try daemon.program.lines(with: "j: run", during: 1) == [])
        #expect(daemon.state("requests") == "10")
        #expect(daemon.state("runs") == "1")
        #expect(daemon.state("state") == "idle")
        #expect(daemon.state("last_exit") == "0")
        #expect(daemon.state("due") == "")
    }

    @Test func aFloodIsOneRun() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.5"])
        let line = Array("request j\n".utf8)
        for _ in 0..<1000 { try daemon.write(Array(repeating: line, count: 10).flatMap { $0 }) }
        try daemon.program.line(with: "j: done")
        #expect(try daemon.program.lines(with: "j: run", during: 1) == [])
        #expect(daemon.state("requests") == "10000")
        #expect(daemon.state("rejected") == "0")
    }

    @Test func takesTheWholeCommandAsARequest() throws {
        let daemon = try Daemon(["--job", "j=echo ran", "--quiet", "0.1"])
        try daemon.write("echo ran\n")
        try daemon.program.line(with: "j: ran")
    }

    @Test func runsSeveralJobs() throws {
        let daemon = try Daemon(
            settings: """
                config job 'a'
                    option command 'echo ran-a'
                    option quiet '0.1'
                config job 'b'
                    option command 'echo ran-b'
                    option quiet '0.4'
                """)
        try daemon.write("request b\nrequest a\n")
        try daemon.program.line(with: "a: ran-a")
        try daemon.program.line(with: "b: ran-b")
        #expect(daemon.state("requests", of: "b") == "1")
    }

    @Test func aRequestDuringARunWaitsForQuietAfterIt() throws {
        let gate = Scratch()
        try run(["mkfifo", gate / "gate"])
        let daemon = try Daemon(["--job", "j=echo begins; read x < \(gate / "gate")", "--quiet", "0.5"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: begins")
        try daemon.ask("request", "j")
        try eventually("it is taken") { daemon.state("requests") == "2" }
        #expect(try daemon.program.lines(with: "j: run 2", during: 1) == [])
        let opened = now()
        try run(["sh", "-c", "echo > \(gate / "gate")"])
        try daemon.program.line(with: "j: run 2")
        #expect(now() - opened >= 0.5)
    }

    @Test func theCommandGetsACleanProcess() throws {
        let show =
            "head -c0; ls -l /proc/self/fd; grep -E 'SigBlk|SigIgn|SigCgt' /proc/self/status; cut -d' ' -f5 /proc/$$/stat; echo pid=$$"
        // bash leaves the signals as they come; Debian's sh would unblock them.
        let daemon = try Daemon(
            ["--job", "j=\(show)", "--quiet", "0.1"],
            under: ["unshare", "-m", "sh", "-ec", "mount --bind /bin/bash /bin/sh; exec \"$0\" \"$@\""])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: done")
        let log = daemon.program.log.joined(separator: "\n")
        #expect(log.contains("0 -> /dev/null"))
        #expect(log.contains("1 -> pipe:"))
        #expect(log.contains("2 -> pipe:"))
        // ls itself has its folder open as 3.
        #expect(!log.contains(" 4 -> "), "\(log)")
        #expect(!log.contains("fifo"))
        #expect(log.contains("SigBlk:\t0000000000000000"))
        #expect(log.contains("SigIgn:\t0000000000000000"), "\(log)")
        let process = log.split(separator: "\n").first { $0.hasPrefix("j: pid=") }!.split(separator: "=")[1]
        #expect(log.contains("j: \(process)\n"), "its process group is its own")
    }

    @Test func endsTheWholeGroupAfterTheTimeout() throws {
        let daemon = try Daemon(["--job", "j=sleep 1000 & echo child=$!; wait", "--quiet", "0.1", "--timeout", "0.3"])
        try daemon.ask("request", "j")
        let child = try daemon.program.line(with: "child=").split(separator: "=")[1]
        try daemon.program.line(with: "TERM")
        try daemon.program.line(with: "ended by signal 15")
        try eventually("the child is gone") { contents("/proc/\(child)/stat")?.contains(") Z ") ?? true }
        try eventually("it shows") { daemon.state("last_exit") == "143" && daemon.state("failures") == "1" }
    }

    @Test func killsWhatDoesNotHeedTerm() throws {
        let daemon = try Daemon([
            "--job", "j=trap '' TERM; sleep 1000 & sleep 1001", "--quiet", "0.1", "--timeout", "0.3",
        ])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "TERM")
        let term = now()
        try daemon.program.line(with: "ended by signal 9")
        #expect((4.9...7).contains(now() - term))
    }

    @Test func logsWhatTheCommandWrites() throws {
        let daemon = try Daemon([
            "--job", "j=printf 'one\\ntwo\\033[31m\\nhalf'; echo err >&2; exit 3", "--quiet", "0.1",
        ])
        try daemon.ask("request", "j")
        for line in ["j: one", "j: two?[31m", "j: halferr", "j: failed with status 3"] {
            try daemon.program.line(with: line)
        }
    }

    @Test func rejectsWhatIsNoRequest() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.2"])
        let bad: [[UInt8]] = [
            Array("reboot\n".utf8), [10], Array(repeating: 120, count: 300) + [10], [0, 0, 0, 10], [0xFF, 0xC3, 10],
            Array("request nosuch\n".utf8), Array("request j; reboot\n".utf8),
        ]
        for line in bad { try daemon.write(line) }
        try eventually("all are counted") { daemon.state("rejected") == "\(bad.count)" }
        try daemon.write("request j")
        try eventually("without newline too") { daemon.state("rejected") == "\(bad.count + 1)" }
        #expect(daemon.state("state") == "idle")
        #expect(try daemon.program.lines(with: "rejected", during: 1.5).count <= 3)
        #expect(daemon.state("runs") == "0")
        // The door still works.
        try daemon.write("request j\n")
        try daemon.program.line(with: "j: done")
    }

    /// What is asked for after it counts, though the daemon hears of both later.
    @Test func aLateCancelTakesNothingBackThatCameAfterIt() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "1"])
        try daemon.ask("request", "j")
        daemon.program.signal(SIGSTOP)
        #expect(try daemon.ask("cancel", "j").status == 0)
        #expect(try daemon.ask("request", "j").status == 0)
        daemon.program.signal(SIGCONT)
        try daemon.program.line(with: "j: done")
    }

    @Test func cancelAndFlush() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "30"])
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        #expect(try daemon.ask("cancel", "j").status == 0)
        try eventually("it is forgotten") { daemon.state("state") == "idle" }
        try daemon.ask("request", "j")
        #expect(try daemon.ask("flush", "j").status == 0)
        try daemon.program.line(with: "j: done")
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        daemon.program.signal(SIGUSR1)
        try daemon.program.line(with: "j: done")
        #expect(daemon.state("runs") == "2")
    }

    @Test func hangUpReadsTheSettingsAgain() throws {
        let daemon = try Daemon(settings: "config job a\noption quiet 600\noption command 'echo ran-a'\n")
        try daemon.write("request a\n")
        try eventually("it waits") { daemon.state("state", of: "a") == "waiting" }

        daemon.scratch.write("config", "config job a\noption quiet ten\n")
        daemon.program.signal(SIGHUP)
        try daemon.program.line(with: "config:2: quiet 'ten': allowed are seconds")
        #expect(daemon.state("quiet", of: "a") == "600")

        // The job is gone from the settings, but not what was asked of it.
        daemon.scratch.write("config", "config job b\noption command 'echo ran-b'\noption quiet 0.1\n")
        daemon.program.signal(SIGHUP)
        try daemon.program.line(with: "HUP: b after 0.1 s of quiet")
        #expect(daemon.state("state", of: "a") == "waiting")
        #expect(try daemon.ask("request", "b").status == 0)
        try daemon.program.line(with: "b: ran-b")

        daemon.scratch.write("config", "config job a\noption quiet 0.1\noption command 'echo ran-again'\n")
        daemon.program.signal(SIGHUP)
        try daemon.program.line(with: "a: ran-again")
        try eventually("b is taken from sight") { daemon.state("state", of: "b") == nil }
    }

    @Test func aJobThatLeftTheSettingsIsDoneFirst() throws {
        let daemon = try Daemon(settings: "config job a\noption quiet 0.5\noption command 'echo ran-a'\n")
        try daemon.write("request a\n")
        try eventually("it waits") { daemon.state("state", of: "a") == "waiting" }
        daemon.scratch.write("config", "config job b\n")
        daemon.program.signal(SIGHUP)
        try daemon.program.line(with: "a: ran-a")
        try eventually("it is taken from sight") { daemon.state("state", of: "a") == nil }
        #expect(try daemon.ask("request", "a").status == 64)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func stops(signal: Int32) throws {
        let daemon = try Daemon(["--job", "j=true"])
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
        let daemon = try Daemon(["--job", "j=echo begins; sleep 1; echo ends", "--quiet", "0.1"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: begins")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for j to end")
        #expect(try daemon.ask("flush", "j").status == 69)
        #expect(try daemon.program.end() == 0)
        #expect(daemon.program.log.contains("j: ends"))
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
        // Killed, it leaves no lock behind.
        daemon.program.signal(SIGKILL)
        try daemon.program.end()
        #expect(try daemon.ask("flush", "j").status == 69)
        try daemon.start(["--job", "k=true"])
        #expect(daemon.state("state", of: "j") == nil)
        #expect(daemon.state("state", of: "k") == "idle")
    }

    @Test(arguments: ["file", "link", "folder"])
    func refusesWhatIsNoFifo(kind: String) throws {
        let daemon = try Daemon(starts: false)
        try run(["mkdir", "-m", "700", daemon.run])
        switch kind {
        case "file": daemon.scratch.write("run/fifo", "keep")
        case "link": try run(["ln", "-s", "/dev/null", daemon.fifo])
        default: try run(["mkdir", daemon.fifo])
        }
        let refused = try daemon.call()
        #expect(refused.status == 73)
        #expect(refused.output.contains("\(daemon.fifo): is a "), "\(refused.output)")
        #expect(refused.output.contains("left alone"))
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

    @Test func checkPrintsWhatIsInForce() throws {
        let daemon = try Daemon(starts: false)
        let builtIn = try daemon.call("check")
        #expect(builtIn.status == 0)
        #expect(
            builtIn.output.hasPrefix(
                "# no file \(daemon.scratch / "config"): the built-in settings\nconfig job 'dnsmasq'"))
        #expect(builtIn.output.contains("\toption command 'service dnsmasq restart'\n\toption quiet '10'\n"))

        daemon.scratch.write("config", "config job x\n\toption quiet 0.5\n\toption wait 3\n")
        let faulty = try daemon.call("check")
        #expect(faulty.status == 78)
        #expect(faulty.output.hasPrefix("debounced: \(daemon.scratch / "config"):3: option 'wait': allowed are "))
        #expect(try daemon.call().status == 78)
        #expect(try daemon.ask("request").status == 78)

        daemon.scratch.write("config", "config job x\n\toption quiet 0.5\n")
        #expect(try daemon.call("check").output.contains("config job 'x'"))
        #expect(try daemon.call("check", "--job", "y=true", "--quiet=2").output.contains("config job 'y'"))
    }

    @Test(arguments: [
        ["frobnicate"], ["--frobnicate"], ["--quiet", "1"], ["--job"], ["--job", "x"],
        ["--job", "x=y", "--quiet", "soon"],
        ["status", "a", "b"], ["check", "x"], ["--json"], ["--job", "x=y", "--job", "x=z"], ["--help=x"],
    ])
    func refusesWrongCalls(words: [String]) throws {
        let called = try run([Built.debounced] + words)
        #expect(called.status == 64)
        #expect(called.output.hasPrefix("debounced: "))
        #expect(!called.output.contains("\n"))
    }

    @Test func helps() throws {
        let help = try run([Built.debounced, "--help"])
        #expect(help.status == 0)
        #expect(help.output.hasPrefix("usage: debounced"))
        #expect(help.output.split(separator: "\n").allSatisfy { $0.utf8.count <= 120 })
    }

    @Test func statusShowsTheJobs() throws {
        let daemon = try Daemon(["--job", "j=true", "--job", "k=echo \"x\"", "--quiet", "30"])
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        let table = try daemon.call("status").output.split(separator: "\n")
        #expect(table.count == 3)
        #expect(table[0].hasPrefix("JOB  STATE"))
        #expect(table[1].hasPrefix("j    waiting, runs in 2") || table[1].hasPrefix("j    waiting, runs in 30"))
        #expect(table[2].hasPrefix("k    idle"))
        #expect(try daemon.call("status", "k").output.split(separator: "\n").count == 2)
        #expect(try daemon.call("status", "nosuch").status == 64)
        let json = try daemon.call("status", "--json", "k").output
        #expect(
            json.contains("\"job\":\"k\",\"state\":\"idle\",\"command\":\"echo \\\"x\\\"\",\"quiet\":30,\"requests\":0")
        )
        daemon.program.signal(SIGTERM)
        try daemon.program.end()
        let gone = try daemon.call("status")
        #expect(gone.status == 69)
        #expect(gone.output == "debounced: \(daemon.run): debounced is not running")
    }

    @Test func statusTellsWhatWasSavedAndWhy() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.3"])
        try daemon.ask("request", "j")
        try daemon.write("request j\nrequest j\n")
        try daemon.program.line(with: "j: done")
        try eventually("it shows") { daemon.state("last_exit") == "0" }
        let shown = try daemon.call("status").output
        #expect(shown.contains("j    idle   3         1     2      0"), "\(shown)")
        #expect(shown.contains("j's last run: manual request j, fifo request j"))
        #expect(!shown.contains("\u{1B}"))
        let json = try daemon.call("status", "--json").output
        #expect(json.contains("\"saved\":2,\"causes\":[\"manual request j\",\"fifo request j\"]"))
        // All values of one moment, in one file.
        #expect(daemon.state("all")!.contains("\nrequests 3\nrejected 0\nruns 1\n"))
    }

    @Test func statusIsColouredOnATerminal() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "30"])
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        let call = ["script", "-qec", "\(Built.debounced) status", "/dev/null"]
        let coloured = try run(call, environment: daemon.environment.merging(["NO_COLOR": nil]) { $1 })
        #expect(coloured.output.contains("\u{1B}[33mwaiting, runs in"), "\(coloured.output)")
        let plain = try run(call, environment: daemon.environment.merging(["NO_COLOR": "1"]) { $1 })
        #expect(!plain.output.contains("\u{1B}"))
    }

    @Test func watchKeepsTheStatusOnTheScreen() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.1"])
        let watch = try daemon.spawn(["script", "-qfec", "\(Built.debounced) status --watch", "/dev/null"])
        try watch.line(with: "idle")
        try daemon.ask("request", "j")
        try watch.line(with: "last run: manual request j")
        daemon.program.signal(SIGTERM)
        try watch.line(with: "debounced is not running")
        #expect(try watch.end() == 69)
    }

    /// libdispatch's worker leaves some seconds after the last event; from then on there is nothing at all. On a router
    /// there is but one thread, and nothing from the start.
    @Test func idleMeansIdle() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.1"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: done")
        let process = daemon.program.process
        try eventually("it shows that all is done") { daemon.state("state") == "idle" }
        func threads() throws -> Int {
            try run(["ls", "/proc/\(process)/task"]).output.split(separator: "\n").count
        }
        if Built.isForRouter {
            #expect(try threads() == 1)
        } else {
            try eventually("the worker has left") { try threads() <= 2 }
        }
        let trace = daemon.scratch / "trace"
        let seconds = Built.isForRouter ? "10" : "3"
        let strace = try run(["timeout", seconds, "strace", "-f", "-o", trace, "-p", "\(process)"])
        #expect(strace.output.contains("attached"), "\(strace.output)")
        // What the threads were waiting in all the time is no call.
        let waiting = ["<unfinished ...>", "<detached ...>"]
        #expect(
            contents(trace)!.split(separator: "\n").filter { line in !waiting.contains { line.hasSuffix($0) } } == [])
    }
}
