import CLinux
import TestSupport
import Testing

/// After a command, its verification tells whether the command worked.
@Suite(.ownThread) struct VerificationTests {
    /// Prints the environment of a verification.
    private static let says = "echo verifies $DEBOUNCED_JOB $DEBOUNCED_RESULT began=$DEBOUNCED_BEGAN"

    /// Returns a daemon with a script in place of `cname-updater`.
    private func daemon(
        _ command: String, verify: String = "cname-updater verify", script: String = says, timeout: String = "0",
        retries: Int = 0
    ) throws -> Daemon {
        let daemon = try Daemon(starts: false)
        try run(["mkdir", daemon.scratch / "bin"])
        daemon.scratch.write("bin/cname-updater", "#!/bin/sh\n\(script)\n")
        try run(["chmod", "755", daemon.scratch / "bin/cname-updater"])
        daemon.scratch.write(
            "config",
            """
            config job j
            \toption command '\(command)'
            \toption verify '\(verify)'
            \toption quiet 0.1
            \toption timeout \(timeout)
            \toption retries \(retries)
            \toption max_interval 0.1
            """)
        try start(daemon)
        return daemon
    }

    private func start(_ daemon: Daemon) throws {
        try daemon.start(under: ["env", "PATH=\(daemon.scratch / "bin"):/usr/bin:/bin"])
    }

    @Test(arguments: ["cname-updater verify", Self.says]) func followsSuccess(verify: String) throws {
        let daemon = try daemon("echo runs", verify: verify)
        try daemon.ask("request", "j")
        let line = try daemon.program.line(with: "j: verifies j done began=")
        try daemon.program.line(with: "j: done in ")
        let began = try #require(line.split(separator: "=").last.flatMap { Double($0) })
        try eventually("the end shows") { daemon.state("state") == "idle" }
        #expect(began == Double(daemon.state("last_run")!))
        #expect(daemon.state("last_exit") == "0" && daemon.state("failures") == "0")
    }

    /// The run has the command's status.
    @Test func onlyOursFollowsAFailure() throws {
        let ours = try daemon("exit 3")
        try ours.ask("request", "j")
        try ours.program.line(with: "j: verifies j failed began=")
        try ours.program.line(with: "j: failed with status 3 after ")
        let users = try daemon("exit 3", verify: Self.says)
        try users.ask("request", "j")
        try users.program.line(with: "j: failed with status 3 after ")
        #expect(!users.program.log.contains { $0.contains("verifies") })
    }

    @Test func itsFailureIsTheRuns() throws {
        let daemon = try daemon("echo runs", script: "exit 4", retries: 1)
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: failed with status 4 after ")
        // The whole run is tried again.
        try daemon.program.line(with: "j: runs")
        try daemon.program.line(with: "given up")
        #expect(daemon.state("last_exit") == "4" && daemon.state("failures") == "2")
    }

    /// A command that was cut off may have left the service stopped.
    @Test func followsACommandThatWasCutOff() throws {
        let gate = try Gate()
        let daemon = try daemon("echo waits; \(gate.wait)", timeout: "0.2")
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: not done after 0.2 s; TERM, and in 5 s KILL")
        try daemon.program.line(with: "j: verifies j cut began=")
        try daemon.program.line(with: "j: ended by signal 15 after ")
    }

    /// The verification has its own timeout and its own process group.
    @Test func theCommandsTimeoutIsNotIts() throws {
        let gate = try Gate()
        let group = "read -r number name state parent group rest </proc/$$/stat; echo group $group"
        let daemon = try daemon(group, script: "\(group); \(gate.wait)", timeout: "600")
        try daemon.ask("request", "j")
        let command = try daemon.program.line(with: "j: group ")
        #expect(try daemon.program.line(with: "j: group ") != command)
        #expect(daemon.state("state") == "running")
        let due = try daemon.due()
        // The verification's timeout is 60 s; the command's timeout would end at 600 s.
        #expect(due - Double(daemon.state("last_run")!)! < 600)
        try gate.open()
        try daemon.program.line(with: "j: done in ")
    }

    @Test func aDaemonThatStopsWaitsForIt() throws {
        let gate = try Gate()
        let daemon = try daemon("echo runs", script: "echo verifies; \(gate.wait)")
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: verifies")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for j to end")
        try gate.open()
        #expect(try daemon.program.end() == 0)
        #expect(daemon.program.log.contains { $0.hasPrefix("j: done in ") })
        #expect(!exists(daemon.run + "/running/j"))
    }

    /// The second TERM ends the command, and the third TERM its verification.
    @Test func aSecondTermEndsIt() throws {
        let gate = try Gate()
        let daemon = try daemon("echo runs; \(gate.wait)", script: "echo verifies; \(gate.wait)")
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: runs")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for j to end")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "j: verifies")
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
        #expect(daemon.program.log.contains { $0.hasPrefix("j: ended by signal 9 after ") })
    }

    /// The next daemon waits for the verification, then carries out the requests once more.
    @Test func theNextDaemonAdoptsIt() throws {
        let gate = try Gate()
        let daemon = try daemon(
            "echo runs", script: "echo verifies; \(gate.wait)")
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: verifies")
        daemon.program.signal(SIGKILL)
        try daemon.program.end()
        try start(daemon)
        try daemon.program.line(with: "j: still running as process ")
        try eventually("it shows") { daemon.state("state") == "running" }
        try gate.open()
        try daemon.program.line(with: "j: runs")
        try daemon.program.line(with: "j: verifies")
        try gate.open()
        try daemon.program.line(with: "j: done in ")
    }
}
