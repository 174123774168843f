import CLinux
import TestSupport
import Testing

@Suite(.ownThread) struct DaemonTests {
    private let scratch = Scratch()

    /// Returns a daemon with a job `j` without a timeout. A reload sets the timeout once the command has begun, which
    /// may take long on a busy machine. The timeout still counts from the start of the command.
    private func daemon(_ command: String, _ options: String = "") throws -> Daemon {
        try Daemon(settings: settings(command, options, timeout: 0))
    }

    private func settings(_ command: String, _ options: String = "", timeout: Int) -> String {
        """
        config job j
            option command "\(command)"
            option quiet 0.1
            option timeout \(timeout)
            option retries 0
            \(options)
        """
    }

    @Test func runsOnceForManyRequests() throws {
        let daemon = try Daemon(["--job", "j=echo ran", "--job", "end=true", "--quiet", "600"])
        for _ in 0..<10 { #expect(try daemon.ask("request", "j").status == 0) }
        #expect(try daemon.linesUntilHeard(with: "j: run") == [])
        #expect(daemon.state("requests") == "10")
        #expect(try daemon.ask("flush", "j").status == 0)
        try daemon.program.line(with: "j: ran")
        try daemon.program.line(with: "j: done")
        #expect(try daemon.linesUntilHeard(with: "j: run") == [])
        #expect(daemon.state("runs") == "1")
        #expect(daemon.state("state") == "idle")
        #expect(daemon.state("last_exit") == "0")
        #expect(daemon.state("due") == "")
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
                    option quiet '0.2'
                """)
        try daemon.write("request b\nrequest a\n")
        try daemon.program.lines(withEach: ["a: ran-a", "b: ran-b"])
        #expect(daemon.state("requests", of: "b") == "1")
    }

    /// A verification affects the run's status and duration, and does not follow a failed command.
    @Test(arguments: [
        ("echo ran", "echo looks", true, "j: done"),
        ("echo ran", "echo looks; exit 3", true, "j: failed with status 3"),
        ("echo ran; exit 4", "echo looks", false, "j: failed with status 4"),
    ])
    func aRunIsVerified(command: String, verify: String, isRun: Bool, end: String) throws {
        let daemon = try self.daemon(command, "option verify '\(verify)'")
        #expect(try daemon.ask("request").status == 0)
        try daemon.program.line(with: "j: ran")
        let looks = try daemon.program.lines(with: "j: looks", before: end)
        #expect(looks.count == (isRun ? 1 : 0))
    }

    /// A verification has a minute of its own, whatever the command's timeout is.
    @Test(.onlyInAll("It waits for a minute. ModelTests has it on virtual time."))
    func aVerificationThatHangsIsEnded() throws {
        let verify = "option verify 'echo looks; exec sleep 1000'"
        let daemon = try self.daemon("echo ran", verify)
        try daemon.ask("request")
        try daemon.program.line(with: "j: looks")
        daemon.reload(settings("echo ran", verify, timeout: 2))
        try daemon.program.line(with: "j: not done after 60 s; TERM, and in 5 s KILL")
        try daemon.program.line(with: "j: ended by signal 15")
        #expect(daemon.program.log.filter { $0.hasPrefix("j: looks") }.count == 1)
    }

    @Test func aRequestDuringARunWaitsForQuietAfterIt() throws {
        let gate = try Gate()
        let daemon = try Daemon(
            ["--job", "j=echo begins; \(gate.wait)", "--job", "end=true", "--quiet", "0.5"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: begins")
        try daemon.ask("request", "j")
        try eventually("it is taken") { daemon.state("requests") == "2" }
        #expect(try daemon.linesUntilQuiet(with: "j: run 2") == [])
        let opened = now()
        try gate.open()
        try daemon.program.line(with: "j: run 2")
        #expect(now() - opened >= 0.5)
        try gate.open()
        try daemon.program.line(with: "j: done")
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
        // SIGPIPE
        #expect(log.contains("SigIgn:\t0000000000001000"), "\(log)")
        let process = log.split(separator: "\n").first { $0.hasPrefix("j: pid=") }!.split(separator: "=")[1]
        #expect(log.contains("j: \(process)\n"), "its process group is its own")
    }

    @Test func endsTheWholeGroupAfterTheTimeout() throws {
        let command = "sleep 1000 & echo child=$!; wait"
        let daemon = try self.daemon(command)
        try daemon.ask("request", "j")
        let child = try daemon.program.line(with: "child=").split(separator: "=")[1]
        daemon.reload(settings(command, timeout: 1))
        try daemon.program.line(with: "TERM")
        try daemon.program.line(with: "ended by signal 15")
        try eventually("the child is gone") { contents("/proc/\(child)/stat")?.contains(") Z ") ?? true }
        try eventually("it shows") { daemon.state("last_exit") == "143" && daemon.state("failures") == "1" }
    }

    @Test func killsWhatDoesNotHeedTerm() throws {
        let command = "trap '' TERM; echo heeds none; sleep 1000 & sleep 1001"
        let daemon = try self.daemon(command)
        let asked = now()
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: heeds none")
        daemon.reload(settings(command, timeout: 2))
        try daemon.program.line(with: "TERM")
        try daemon.program.line(with: "ended by signal 9")
        // The quiet time, the timeout, and five seconds.
        #expect(now() - asked >= 7.1)
    }

    /// TERM ends the shell in between at once, and the script below it may take until the KILL.
    @Test func aScriptBelowAShellHasTheGraceToo() throws {
        let command = scriptBelowAShell("trap 'sleep 1; echo cleaned; exit' TERM")
        let daemon = try self.daemon(command)
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: begins")
        daemon.reload(settings(command, timeout: 1))
        try daemon.program.line(with: "ended by signal 15")
        // A machine that is too busy for a second's work in five has seen the KILL.
        let log = daemon.program.log
        #expect(log.contains("j: cleaned") || log.contains("j: not done after TERM; KILL"), "\(log)")
    }

    @Test func aScriptBelowAShellIsKilledAfterTheGrace() throws {
        let command = scriptBelowAShell("trap '' TERM")
        let daemon = try self.daemon(command)
        let asked = now()
        try daemon.ask("request", "j")
        let script = try daemon.program.line(with: "j: begins").split(separator: " ")[2]
        daemon.reload(settings(command, timeout: 2))
        try daemon.program.line(with: "ended by signal 15")
        #expect(daemon.program.log.contains("j: not done after TERM; KILL"), "\(daemon.program.log)")
        // The quiet time, the timeout, and five seconds.
        #expect(now() - asked >= 7.1)
        #expect(contents("/proc/\(script)/stat")?.contains(") Z ") ?? true)
    }

    /// Returns a command with a shell that waits for a script, which runs until a signal.
    private func scriptBelowAShell(_ trap: String) -> String {
        let script = scratch.write("script", "\(trap)\necho begins $$\nwhile :; do sleep 1000; done\n")
        return "sh \(script); true"
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
        let daemon = try Daemon(["--job", "j=true", "--job", "end=true", "--quiet", "0.2"])
        let bad: [[UInt8]] = [
            Array("reboot\n".utf8), [10], Array(repeating: 120, count: 300) + [10], [0, 0, 0, 10], [0xFF, 0xC3, 10],
            Array("request nosuch\n".utf8), Array("request j; reboot\n".utf8),
        ]
        let start = now()
        for line in bad { try daemon.write(line) }
        try eventually("all are counted") { daemon.rejected == "\(bad.count)" }
        try daemon.write("request j")
        try eventually("without newline too") { daemon.rejected == "\(bad.count + 1)" }
        #expect(daemon.state("state") == "idle")
        // "the FIFO: rejected a line, the last was …", or "rejected 7 lines"
        var told: [Int] = []
        while told.reduce(0, +) <= bad.count {
            told.append(Int(try daemon.program.line(with: "rejected").split(separator: " ")[3]) ?? 1)
        }
        // At most one report a second.
        #expect(told.count <= Int(now() - start) + 1 && told.reduce(0, +) == bad.count + 1, "\(told)")
        #expect(daemon.program.log.contains { $0.hasSuffix("the last was 'request j': no newline at its end") })
        #expect(try daemon.linesUntilQuiet(with: "rejected") == [])
        #expect(daemon.state("runs") == "0")
        // Requests still get through.
        try daemon.write("request j\n")
        try daemon.program.line(with: "j: done")
    }

    /// A request that comes after a cancel counts, although the daemon hears of both only later.
    @Test func aLateCancelTakesNothingBackThatCameAfterIt() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        try daemon.ask("request", "j")
        daemon.program.signal(SIGSTOP)
        #expect(try daemon.ask("cancel", "j").status == 0)
        #expect(try daemon.ask("request", "j").status == 0)
        daemon.program.signal(SIGCONT)
        try daemon.ask("flush", "j")
        try daemon.program.line(with: "j: done")
    }

    @Test func cancelAndFlush() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        #expect(try daemon.ask("cancel", "j").status == 0)
        try eventually("it is forgotten") { daemon.state("state") == "idle" }
        #expect(try run(["ls", daemon.run + "/pending"]).output == "")
        try daemon.ask("request", "j")
        #expect(try daemon.ask("flush", "j").status == 0)
        try daemon.program.line(with: "j: done")
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        daemon.program.signal(SIGUSR1)
        try daemon.program.line(with: "j: done")
        #expect(daemon.state("runs") == "2")
    }

    /// libdispatch's worker leaves some seconds after the last event, and the idle daemon then makes no call. A
    /// router's daemon has one thread, and makes no call from the start.
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
        let lines = try calls("all", of: daemon) { _ in
            _ = try daemon.program.lines(with: "", during: Built.isForRouter ? 10 : 3)
        }
        // The calls in which the threads were waiting all the time do not count.
        let waiting = ["<unfinished ...>", "<detached ...>"]
        #expect(lines.filter { line in !waiting.contains { line.hasSuffix($0) } } == [])
    }
}
