import CLinux
import TestSupport
import Testing

@Suite(.busyThread) struct FloodTests {
    /// Returns the resident memory in KB.
    private func memory(_ process: pid_t) -> Int {
        let line = contents("/proc/\(process)/status")!.split(separator: "\n").first { $0.hasPrefix("VmRSS") }!
        return Int(line.split(separator: " ").dropFirst().first ?? line.split(whereSeparator: { !$0.isNumber })[0])!
    }

    @Test func manyRequestsAreOneRun() throws {
        let count = Extent.isAll ? 1_000_000 : 100_000
        let daemon = try Daemon(["--job", "j=true", "--quiet", "3", "--max-wait", "0"])
        try daemon.write("request j\n")
        try daemon.program.line(with: "j: done")
        let before = memory(daemon.program.process)
        try run(["sh", "-c", "yes 'request j' | head -n \(count) >\(daemon.fifo)"])
        try daemon.program.line(with: "j: done")
        try eventually("all are counted") { daemon.state("requests") == "\(count + 1)" }
        #expect(daemon.state("runs") == "2")
        #expect(daemon.rejected == "0")
        #expect(memory(daemon.program.process) - before < 1024)
        #expect(daemon.program.log.count < 10)
    }

    /// Floods of faulty lines, of one endless line, and of requests.
    @Test(arguments: ["yes nonsense", "cat /dev/zero", "yes 'request j'"])
    func aFloodKeepsNobodyWaiting(writer: String) throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.2"])
        let flood = try Program(["sh", "-c", "\(writer) >\(daemon.fifo)"])
        try eventually("the flood is on") {
            daemon.rejected != "0" || daemon.state("requests") != "0"
        }
        let before = memory(daemon.program.process)
        // A request gets through by the ledger and its timer fires during the flood, which never ends by itself.
        if writer != "yes 'request j'" {
            #expect(try daemon.ask("request", "j").status == 0)
            try daemon.program.line(with: "j: done")
        }
        #expect(memory(daemon.program.process) - before < 1024)
        let asked = now()
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
        print("TERM under flood (\(writer)): \(Int((now() - asked) * 1000)) ms")
        #expect(daemon.program.log.count < 10, "\(daemon.program.log)")
        flood.signal(SIGKILL)
    }
}
