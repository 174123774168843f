import CLinux
import TestSupport
import Testing

/// The daemon or the FIFO is missing, or does not respond.
@Suite(.ownThread) struct AbsenceFaultTests {
    /// Requests the job, and checks the message. A caller that waited for the daemon would never end.
    private func ask(_ daemon: Daemon, hears text: String) throws {
        let asked = try daemon.ask("request", "j")
        #expect(asked.status == 0, "\(asked)")
        #expect(asked.output.contains(text) && asked.output.contains("the request is kept"), "\(asked)")
        #expect(asked.output.contains("'j' runs once debounced is back"), "\(asked)")
        #expect(!asked.output.contains("\n"), "one line: \(asked)")
        #expect(contents(daemon.run + "/pending/j/manual") != nil)
    }

    private func daemon(quiet: String = "0.2", starts: Bool = true) throws -> Daemon {
        let daemon = try Daemon(
            settings: "config job j\noption command 'echo ran'\noption quiet \(quiet)\n" + Daemon.lastJob(quiet: quiet),
            starts: starts)
        return daemon
    }

    /// Waits until the signal has stopped all threads: a running thread could go on reading.
    private func stop(_ daemon: Daemon) throws {
        daemon.program.signal(SIGSTOP)
        try eventually("it is stopped") { contents("/proc/\(daemon.program.process)/stat")!.contains(") T ") }
    }

    @Test func noDaemonYet() throws {
        let daemon = try daemon(starts: false)
        try ask(daemon, hears: "debounced is not running")
        try daemon.start()
        try daemon.program.line(with: "j: done")
    }

    @Test func theDaemonIsStoppedForAWhile() throws {
        let daemon = try daemon()
        try stop(daemon)
        try ask(daemon, hears: "debounced is stopped, as process \(daemon.program.process)")
        daemon.program.signal(SIGCONT)
        try daemon.program.line(with: "j: done")
        #expect(try daemon.linesUntilQuiet(with: "j: run") == [])
    }

    @Test func theFifoIsFull() throws {
        let daemon = try daemon()
        try stop(daemon)
        try run(["dd", "if=/dev/zero", "of=\(daemon.fifo)", "bs=4096", "oflag=nonblock", "conv=notrunc", "status=none"])
        try ask(daemon, hears: "full, debounced does not read it")
        daemon.program.signal(SIGCONT)
        try daemon.program.line(with: "j: done")
        #expect(try daemon.linesUntilQuiet(with: "j: run") == [])
    }

    /// The daemon notices the change, and makes a new FIFO once it continues.
    @Test(arguments: ["rm FIFO", "rm FIFO; mkfifo -m 600 FIFO", "mkfifo -m 600 RUN.other; mv RUN.other FIFO"])
    func theFifoIsAnother(script: String) throws {
        let daemon = try daemon()
        let inPlace = script.split(separator: "FIFO", omittingEmptySubsequences: false).joined(separator: daemon.fifo)
            .split(separator: "RUN", omittingEmptySubsequences: false).joined(separator: daemon.run)
        try stop(daemon)
        try run(["sh", "-ec", inPlace])
        try ask(daemon, hears: "debounced is not running")
        daemon.program.signal(SIGCONT)
        try daemon.program.line(with: "fifo: was removed; made again")
        try daemon.program.line(with: "j: done")
        #expect(try daemon.ask("request", "j").output == "")
        try daemon.program.line(with: "j: done")
    }

    /// The daemon leaves the strange file alone, and ends with a reason. Each new start does so too.
    @Test(arguments: [
        ("truncate -s 65537 ", "is a file"), ("mkdir ", "is a folder"), ("ln -s /dev/null ", "is a symbolic link"),
    ])
    func theFifoIsSomethingElse(make: String, what: String) throws {
        let daemon = try daemon()
        try stop(daemon)
        try run(["sh", "-ec", "rm \(daemon.fifo); \(make)\(daemon.fifo)"])
        let asked = try daemon.ask("request", "j")
        #expect(asked.status == 0 && asked.output.contains("the request is kept"), "\(asked)")
        daemon.program.signal(SIGCONT)
        #expect(try daemon.program.end() == 73)
        #expect(daemon.program.log.last!.contains("\(daemon.fifo): \(what), not a FIFO of ours; left alone"))
        let again = try daemon.call()
        #expect(again.status == 73 && again.output.contains("\(daemon.fifo): \(what)"), "\(again)")
        try run(["rm", "-r", daemon.fifo])
        try daemon.start()
        try daemon.program.line(with: "j: done")
    }
}
