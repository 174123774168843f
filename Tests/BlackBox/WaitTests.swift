import CLinux
import TestSupport
import Testing

/// `cname-updater request --wait`.
@Suite(.ownThread) struct WaitTests {
    private func daemon(_ command: String = "true", quiet: String = "600", starts: Bool = true) throws -> Daemon {
        try Daemon(
            settings: "config job j\noption command '\(command)'\noption quiet \(quiet)\n", starts: starts)
    }

    private func waits(_ daemon: Daemon) throws -> Program {
        let waiting = try daemon.spawn([Built.updater, "request", "--wait", "j"])
        try waiting.line(with: "j: waiting for ")
        return waiting
    }

    /// Expects that the program ends after five seconds without a daemon, and that the next daemon carries out its
    /// request.
    private func isLeft(_ waiting: Program, _ daemon: Daemon, since start: Double) throws {
        #expect(try waiting.end() == 69)
        #expect(now() - start >= 5)
        #expect(
            waiting.log.last
                == "cname-updater: debounced is not running; the request is kept, and 'j' runs once debounced is back")
        #expect(contents(daemon.run + "/pending/j/manual") == "request j")
    }

    @Test func saysForWhat() throws {
        let gate = try Gate()
        let daemon = try daemon(gate.wait)
        let first = try waits(daemon)
        #expect(first.log == ["j: waiting for '\(gate.wait)', after 600 s without a request"])
        try daemon.ask("flush", "j")
        try daemon.program.line(with: "j: run 1")
        try eventually("it shows") { daemon.state("state") == "running" }
        let second = try waits(daemon)
        #expect(second.log.last!.hasSuffix("; now it is running"))
        try gate.open()
        #expect(try first.end() == 0)
        #expect(first.log.last == "j: run 1 is done")
        try daemon.ask("flush", "j")
        try gate.open()
        #expect(try second.end() == 0)
        #expect(second.log.last == "j: run 2 is done")
    }

    @Test func nobodyIsThere() throws {
        let daemon = try daemon(quiet: "0.1", starts: false)
        let start = now()
        let waiting = try daemon.spawn([Built.updater, "request", "--wait", "j"])
        try waiting.line(with: "debounced is not running; the request is kept")
        try isLeft(waiting, daemon, since: start)
        try daemon.start()
        try daemon.program.line(with: "j: done")
    }

    @Test(arguments: [SIGTERM, SIGKILL]) func theDaemonEnds(signal: Int32) throws {
        let daemon = try daemon()
        let waiting = try waits(daemon)
        let start = now()
        daemon.program.signal(signal)
        try daemon.program.end()
        try isLeft(waiting, daemon, since: start)
    }

    @Test func theDaemonIsStopped() throws {
        let daemon = try daemon()
        let waiting = try waits(daemon)
        daemon.program.signal(SIGSTOP)
        #expect(try waiting.end() == 69)
        #expect(
            waiting.log.last!.contains(
                "debounced is stopped, as process \(daemon.program.process); the request is kept"))
    }

    @Test func theDaemonIsBackInTime() throws {
        let daemon = try daemon()
        var away = 0.0
        for attempt in 1...20 {
            let waiting = try waits(daemon)
            let killed = now()
            daemon.program.signal(SIGKILL)
            try daemon.program.end()
            #expect(try waiting.lines(with: "", during: 1) == [])
            try daemon.start()
            away = now() - killed
            try daemon.ask("flush", "j")
            let status = try waiting.end()
            // A slower start of the daemon proves nothing.
            guard away < 4 else { continue }
            #expect(status == 0)
            #expect(waiting.log.last == "j: run \(attempt) is done")
            return
        }
        Issue.record("the daemon was never back in time, at last after \(away) s")
    }

    /// The command would wait for a run that can't begin until the command ends.
    @Test func itsOwnCommandDoesNotWait() throws {
        let scratch = Scratch()
        let command =
            "test -e \(scratch / "ran") && echo second && exit; touch \(scratch / "ran"); \(Built.updater) request --wait j; echo status=$?"
        let daemon = try daemon(command, quiet: "0.2")
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: cname-updater: j: its own command can't wait for it; the request is kept")
        try daemon.program.line(with: "j: status=69")
        try daemon.program.line(with: "j: second")
        try daemon.program.line(with: "j: done")
    }
}
