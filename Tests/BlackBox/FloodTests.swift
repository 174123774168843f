import CLinux
import TestSupport
import Testing

@Suite(.serialized, .busyThread) struct FloodTests {
    /// In KB.
    private func memory(_ process: pid_t) -> Int {
        let line = contents("/proc/\(process)/status")!.split(separator: "\n").first { $0.hasPrefix("VmRSS") }!
        return Int(line.split(separator: " ").dropFirst().first ?? line.split(whereSeparator: { !$0.isNumber })[0])!
    }

    @Test func aMillionRequestsAreOneRun() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "3", "--max-wait", "0"])
        try daemon.write("request j\n")
        try daemon.program.line(with: "j: done")
        let before = memory(daemon.program.process)
        try run(["sh", "-c", "yes 'request j' | head -n 1000000 >\(daemon.fifo)"])
        try daemon.program.line(with: "j: done")
        try eventually("all are counted") { daemon.state("requests") == "1000001" }
        #expect(daemon.state("runs") == "2")
        #expect(daemon.rejected == "0")
        #expect(memory(daemon.program.process) - before < 1024)
        #expect(daemon.program.log.count < 10)
    }

    /// Lines that are none, and one that never ends.
    @Test(arguments: ["yes nonsense", "cat /dev/zero", "yes 'request j'"])
    func aFloodKeepsNobodyWaiting(writer: String) throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.2"])
        let flood = try Program(["sh", "-c", "\(writer) >\(daemon.fifo)"])
        try eventually("the flood is on") {
            daemon.rejected != "0" || daemon.state("requests") != "0"
        }
        let before = memory(daemon.program.process)
        // By the ledger a request gets through all the same, and its timer comes in time.
        if writer != "yes 'request j'" {
            #expect(try daemon.ask("request", "j").status == 0)
            try daemon.program.line(with: "j: done", within: 30)
        }
        #expect(memory(daemon.program.process) - before < 1024)
        let asked = now()
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end(within: 30) == 0)
        print("TERM under flood (\(writer)): \(Int((now() - asked) * 1000)) ms")
        #expect(daemon.program.log.count < 10, "\(daemon.program.log)")
        flood.signal(SIGKILL)
    }
}
