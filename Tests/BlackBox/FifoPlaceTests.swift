import CLinux
import TestSupport
import Testing

/// The fate of lines that were written by hand without a daemon, and of an emptied run directory.
@Suite(.ownThread) struct FifoPlaceTests {
    private func daemon(quiet: String = "0.1", starts: Bool = true) throws -> Daemon {
        let settings = ["j", "k"].map { "config job \($0)\n\toption command 'echo ran'\n\toption quiet \(quiet)\n" }
        return try Daemon(settings: settings.joined(), starts: starts)
    }

    private func stop(_ daemon: Daemon) throws {
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
    }

    /// A writer to a FIFO without a reader would wait for ever.
    @Test func aLineForAStoppedDaemonCountsAtTheNextStart() throws {
        let daemon = try daemon()
        try stop(daemon)
        #expect(!exists(daemon.fifo))
        try run(["sh", "-c", "echo 'request j' >\(daemon.fifo); echo 'request k' >>\(daemon.fifo)"])
        #expect(try daemon.ask("flush", "j").status == 69)
        try daemon.start()
        try daemon.program.lines(withEach: ["j: ran", "k: ran"])
        #expect(
            try run(["find", daemon.run, "-maxdepth", "1", "-name", "fifo*", "-printf", "%f %y %m\n"]).output
                == "fifo p 600")
        #expect(daemon.rejected == "0")
    }

    /// The lines are in the ledger before their file is removed.
    @Test func aDaemonThatIsKilledAtOnceLosesNone() throws {
        let daemon = try daemon(quiet: "600", starts: false)
        try run(["mkdir", "-m", "700", daemon.run])
        daemon.scratch.write("run/fifo", "request j\n")
        try daemon.start()
        try eventually("it waits") { daemon.state("state") == "waiting" }
        daemon.program.signal(SIGKILL)
        try daemon.program.end()
        #expect(contents(daemon.run + "/pending/j/fifo") == "request j")
        try daemon.start()
        try daemon.ask("flush", "j")
        try daemon.program.line(with: "j: ran")
    }

    /// The next daemon finds a file that was renamed and left unread.
    @Test func linesThatWerePutAsideAreRead() throws {
        let daemon = try daemon(starts: false)
        try run(["mkdir", "-m", "700", daemon.run])
        daemon.scratch.write("run/fifo.lines", "request j\nnonsense\n")
        try daemon.start()
        try daemon.program.line(with: "j: ran")
        #expect(daemon.rejected == "1")
        #expect(!exists(daemon.run + "/fifo.lines"))
    }

    /// A typo is reported at the start, instead of with the next request.
    @Test func aLineThatIsNoRequestIsToldAtOnce() throws {
        let daemon = try daemon(starts: false)
        try run(["mkdir", "-m", "700", daemon.run])
        daemon.scratch.write("run/fifo", "reqest j\n")
        try daemon.start()
        try daemon.program.line(with: "the FIFO: rejected a line, the last was 'reqest j'")
        #expect(daemon.rejected == "1")
    }

    @Test func aFileInItsPlaceUnderARunningDaemonIsReadToo() throws {
        let daemon = try daemon()
        try run(["sh", "-c", "rm \(daemon.fifo); echo 'request j' >\(daemon.fifo)"])
        try daemon.program.line(with: "fifo: was removed; made again")
        // The line counts, in the file and in the new FIFO.
        try daemon.program.line(with: "j: ran")
        try daemon.write("request k\n")
        try daemon.program.line(with: "k: ran")
    }

    /// All lines in the FIFO at the TERM are kept, even behind noise.
    @Test func aStopDrainsTheFifo() throws {
        let daemon = try daemon(quiet: "600")
        daemon.program.signal(SIGSTOP)
        let noise = [UInt8](repeating: UInt8(ascii: "x"), count: 60000) + [UInt8(ascii: "\n")]
        try daemon.write(noise)
        try daemon.write("request k\n")
        daemon.program.signal(SIGTERM)
        daemon.program.signal(SIGCONT)
        #expect(try daemon.program.end() == 0)
        #expect(contents(daemon.run + "/pending/k/fifo") == "request k")
    }

    /// A daemon without its lock file would not keep a second daemon out.
    @Test func anEmptiedRunDirectoryEndsTheDaemon() throws {
        let daemon = try daemon(quiet: "600")
        try run(["sh", "-c", "rm -rf \(daemon.run)/*"])
        #expect(try daemon.program.end() == 73)
        #expect(daemon.program.log.last == "debounced: \(daemon.run)/lock: has gone, and perhaps requests with it")
        try daemon.start()
        #expect(daemon.state("state") == "idle")
    }

    /// A child that holds a run's output open costs nothing once the next run begins.
    @Test func outputsThatStayOpenDoNotPileUp() throws {
        let daemon = try Daemon(starts: false)
        let gate = daemon.scratch / "gate"
        try run(["mkfifo", gate])
        daemon.scratch.write(
            "config",
            "config job j\n\toption command '(read x <\(gate)) & echo ran'\n\toption quiet 0\n\toption max_interval 0\n"
        )
        try daemon.start()
        func pipes() throws -> Int {
            let files = try run(["ls", "-l", "/proc/\(daemon.program.process)/fd"]).output.split(separator: "\n")
            return files.filter { $0.contains("pipe:") }.count
        }
        let before = try pipes()
        for _ in 0..<20 {
            try daemon.write("request j\n")
            try daemon.program.line(with: "j: done in ")
        }
        try eventually("the last run's output is left") { try pipes() == before + 1 }
        // Opens the gate for all that wait, and closes it.
        try run(["sh", "-c", "exec 3<>\(gate)"])
    }
}
