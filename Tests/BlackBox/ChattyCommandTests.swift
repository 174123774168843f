import CLinux
import TestSupport
import Testing

/// Commands with endless output. Other requests, the timeout and the signals must not wait.
@Suite(.ownThread) struct ChattyCommandTests {
    private func settings(_ command: String, timeout: Int = 0) -> String {
        """
        config job a
            option command '\(command)'
            option quiet 0
            option timeout \(timeout)
            option retries 0
        config job b
            option command 'echo ran-b'
            option quiet 0.3
        """
    }

    private func daemon(_ command: String) throws -> Daemon { try Daemon(settings: settings(command)) }

    private func lines(of daemon: Daemon) -> Int {
        daemon.program.log.filter { $0.hasPrefix("a: y") || $0.hasPrefix("a: ?") }.count
    }

    @Test func oneThatNeverStopsHasATimeout() throws {
        let daemon = try daemon("yes")
        let start = now()
        try daemon.write("request a\n")
        for _ in 1...20 { try daemon.program.line(with: "a: y") }
        daemon.reload(settings("yes", timeout: 1))
        try daemon.program.line(with: "a: not done after 1 s; TERM")
        try daemon.program.line(with: "a: lines left out: ")
        try daemon.program.line(with: "a: ended by signal 15")
        let seconds = Int(now() - start) + 1
        #expect((20...min(100, 20 * (seconds + 1))).contains(lines(of: daemon)), "20 a second, for \(seconds) s")
    }

    /// Another job runs during the output, and the daemon heeds signals.
    @Test func oneThatNeverStopsHoldsNothingUp() throws {
        let daemon = try daemon("yes")
        try daemon.write("request a\n")
        try daemon.program.line(with: "a: y")
        try daemon.write("request b\n")
        try daemon.program.line(with: "b: ran-b")
        daemon.program.signal(SIGTERM)
        try daemon.program.line(with: "waiting for a to end")
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
    }

    /// The command ends, and its child goes on writing into its stream.
    @Test func oneThatLeavesAChild() throws {
        let daemon = try daemon("sh -c \"echo child=\\$\\$; exec yes\" &")
        try daemon.write("request a\n")
        try daemon.program.lines(withEach: ["a: child=", "a: done"])
        let child = daemon.program.log.first { $0.hasPrefix("a: child=") }!.split(separator: "=")[1]
        try daemon.write("request b\n")
        try daemon.program.line(with: "b: ran-b")
        kill(pid_t(child)!, SIGKILL)
        // Dispatch does not report an end after everything was read.
        if Built.isForRouter { try daemon.program.line(with: "a: lines left out: ") }
        #expect(lines(of: daemon) <= 100)
        #expect(daemon.program.log.count < 120)
    }

    @Test func oneThatWritesNULs() throws {
        let daemon = try daemon("head -c 20000000 /dev/zero; echo; echo end")
        try daemon.write("request a\n")
        try daemon.program.line(with: "a: lines left out: ")
        try daemon.program.line(with: "a: done")
        #expect(lines(of: daemon) == 20)
        #expect(daemon.program.log.allSatisfy { $0.utf8.count < 1010 })
    }

    /// At most 17 bites of 4 KB are read between two looks at other events.
    @Test func aTurnIsBoundedInBytes() throws {
        let daemon = try daemon("yes")
        try daemon.write("request a\n")
        try daemon.program.line(with: "a: y")
        let lines = try calls("read,poll,ioctl", of: daemon) { file in
            try eventually("many turns are traced") { lineCount(file) > 1000 }
        }
        var (turns, bites, most) = (0, 0, 0)
        for line in lines {
            if line.contains("\"y\\ny") || line.contains("\"\\ny\\n") {
                bites += 1
                most = max(most, bites)
            } else if line.contains("poll(") || line.contains("FIONREAD") {
                turns += 1
                bites = 0
            }
        }
        #expect(turns > 5 && (1...17).contains(most), "\(turns) turns, \(most) bites")
    }
}
