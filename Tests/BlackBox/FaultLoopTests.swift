import CLinux
import TestSupport
import Testing

/// Rounds of random requests while the daemon is killed, stopped and started, writers are killed and the FIFO is
/// removed.
@Suite(.busyThread) struct FaultLoopTests {
    /// A writer's request: its start and its answer in nanoseconds, and whether the status was 0.
    private struct Asked {
        let at: Int
        let answered: Int
        let isAccepted: Bool
    }

    private static let rounds = Extent.isAll ? 200 : 60
    private static let writer = """
        for i in 1 2 3; do
            asked=$(date +%s%N)
            if \(Built.updater) request j >/dev/null 2>&1; then s=yes; else s=no; fi
            echo "$asked $(date +%s%N) $s"
        done
        """

    @Test func noRequestIsLostAndNoRunTooMany() throws {
        var random = SeededGenerator()
        let seed = SeededGenerator.seed
        let daemon = try Daemon(starts: false)
        let log = daemon.scratch / "log"
        daemon.scratch.write(
            "config",
            """
            config job 'j'
                option command 'echo "begin $(date +%s%N)" >>\(log); sleep 0.02; echo "end $(date +%s%N)" >>\(log)'
                option quiet '0.05'
                option max_interval '0'
            """ + Daemon.lastJob(quiet: "0.2"))
        try daemon.start()

        var asked: [Asked] = []
        var attempts = 0
        var restarts = 0
        var accepted = 0
        var longest = 0
        for round in 1...FaultLoopTests.rounds {
            var writers = try (1...4).map { _ in
                try daemon.spawn(["sh", "-c", FaultLoopTests.writer])
            }
            attempts += 12
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                // The fault comes at any moment of the round.
                poll(nil, 0, Int32.random(in: 0...60, using: &random))
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    daemon.program.signal(SIGKILL)
                    try daemon.program.end()
                    try daemon.start()
                    restarts += 1
                case 1:
                    daemon.program.signal(SIGTERM)
                    // The leak sanitizer would change the status after a leak.
                    #expect(try daemon.program.end() == 0)
                    try daemon.start()
                    restarts += 1
                case 2: unlink(daemon.fifo)
                case 3: writers.randomElement(using: &random)!.signal(SIGKILL)
                default: daemon.program.signal(SIGHUP)
                }
            }
            for writer in writers {
                try writer.end()
                asked += writer.log.compactMap { line in
                    let words = line.split(separator: " ")
                    guard words.count == 3 else { return nil }
                    return Asked(at: Int(words[0])!, answered: Int(words[1])!, isAccepted: words[2] == "yes")
                }
            }
            writers = []
            do {
                try eventually("all is carried out in round \(round), seed \(seed)") {
                    daemon.state("state") == "idle"
                        && ["pending", "running"].allSatisfy { contents("\(daemon.run)/\($0)/j/manual") == nil }
                }
            } catch {
                _ = try daemon.program.lines(with: "", during: 0)
                let files = try run(["find", daemon.run, "-ls"]).output
                throw Failure("\(error)\n\(daemon.state("all") ?? "")\n\(files)\n\(daemon.program.log.suffix(20))")
            }

            let runs = (contents(log) ?? "").split(separator: "\n").map { $0.split(separator: " ") }
            for (index, line) in runs.enumerated() {
                #expect(line[0] == (index % 2 == 0 ? "begin" : "end"), "two runs at once, round \(round), seed \(seed)")
            }
            let lastRun = runs.last { $0[0] == "begin" }.map { Int($0[1])! } ?? 0
            accepted += asked.count { $0.isAccepted }
            longest = max(longest, asked.map { $0.answered - $0.at }.max() ?? 0)
            for request in asked where request.isAccepted {
                #expect(request.at < lastRun, "a request is lost, round \(round), seed \(seed)")
            }
            asked = []
            // A command runs again after a kill of its daemon.
            #expect(runs.count / 2 <= attempts + restarts, "a run that nobody asked for, round \(round), seed \(seed)")
        }
        let before = contents(log)
        _ = try daemon.linesUntilQuiet(with: "")
        #expect(contents(log) == before, "a run that nobody asked for")
        let runs = (before ?? "").split(separator: "\n").count / 2
        print(
            "fault loop: \(FaultLoopTests.rounds) rounds, \(attempts) requests, \(accepted) told 0, \(restarts) restarts,",
            "\(runs) runs, 0 lost; a caller was held up for \(longest / 1_000_000) ms at most")
    }
}
