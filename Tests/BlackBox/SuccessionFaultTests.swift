import CLinux
import TestSupport
import Testing

/// The daemon ends by itself or by a kill, and another daemon takes over.
@Suite(.ownThread) struct SuccessionFaultTests {
    @Test func goesOnWithTheTimeThatWasLeft() throws {
        let daemon = try Daemon(settings: "config job j\noption command 'echo ran'\noption quiet 600\n")
        let before = now()
        try daemon.ask("request", "j")
        let after = now()
        try eventually("it waits") { daemon.state("state") == "waiting" }
        #expect(try daemon.program.lines(with: "j: run", during: 1) == [])
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
        try daemon.start()
        // The file of the request has its moment on a clock that ticks every 4 ms or so.
        let due = try daemon.due()
        #expect((before - 0.1...after + 0.1).contains(due - 600), "\(due), asked from \(before) to \(after)")
        try daemon.ask("flush", "j")
        try daemon.program.line(with: "j: done")
    }

    @Test func neverLetsTwoCommandsOverlap() throws {
        let daemon = try Daemon(starts: false)
        let gate = try Gate()
        let log = daemon.scratch / "log"
        daemon.scratch.write(
            "config",
            """
            config job j
                option command 'echo begin >>\(log); \(gate.wait); echo end >>\(log)'
                option quiet 0.1
                option max_interval 0.2
            """ + Daemon.lastJob(quiet: "0.3"))
        try daemon.start()
        try daemon.ask("request", "j")
        for round in 1...2 {
            try eventually("it begins") { lineCount(log) == 2 * round - 1 }
            daemon.program.signal(SIGKILL)
            try daemon.program.end()
            try daemon.start()
            #expect(try daemon.linesUntilQuiet(with: "j: run") == [])
            try gate.open()
            try daemon.program.line(with: "j: run \(round + 1)")
        }
        try gate.open()
        try daemon.program.line(with: "j: done")
        let lines = contents(log)!.split(separator: "\n")
        #expect(lines == ["begin", "end", "begin", "end", "begin", "end"])
        #expect(try daemon.linesUntilQuiet(with: "j: run") == [])
    }

    /// As for all that procd starts, SIGPIPE is ignored.
    @Test func aCommandGoesOnWithoutADaemonThatReadsIt() throws {
        let gate = try Gate()
        let daemon = try Daemon(starts: false)
        let log = daemon.scratch / "log"
        daemon.scratch.write(
            "config", "config job j\noption command 'echo begins $$; \(gate.wait); echo line; echo end >\(log)'\n")
        try daemon.start()
        try daemon.ask("request", "j")
        try daemon.ask("flush", "j")
        let command = try daemon.program.line(with: "j: begins").split(separator: " ")[2]
        daemon.program.signal(SIGKILL)
        try daemon.program.end()
        try gate.open()
        try eventually("the command has ended") {
            contents("/proc/\(command)/stat")?.contains(") Z ") ?? true
        }
        #expect(contents(log) == "end")
    }

    @Test func givesUpAfterTheLastTry() throws {
        let daemon = try Daemon(
            settings: """
                config job j
                    option command 'echo tried; exit 3'
                    option quiet 0.1
                    option retries 2
                    option max_interval 0.2
                """ + Daemon.lastJob(quiet: "0.3"))
        let waiting = try daemon.spawn([Built.updater, "request", "--wait", "j"])
        try daemon.program.line(with: "failed with status 3")
        try daemon.program.line(with: "failed with status 3")
        try daemon.program.line(with: "given up, runs again when asked")
        #expect(try daemon.linesUntilQuiet(with: "j: tried") == [])
        #expect(daemon.program.log.filter { $0 == "j: tried" }.count == 3)
        #expect(try waiting.end() == 3)
        #expect(waiting.log.last == "j: run 3 failed with status 3")
        #expect(daemon.state("failures") == "3")
        #expect(!exists(daemon.run + "/pending/j/manual") && !exists(daemon.run + "/running/j"))
        // Nothing is left for the next daemon either, and a new request is tried anew.
        daemon.program.signal(SIGTERM)
        try daemon.program.end()
        try daemon.start()
        #expect(try daemon.linesUntilQuiet(with: "j: run") == [])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "given up")
    }

    @Test func whoWaitsHearsOfTheRun() throws {
        let gate = try Gate()
        let daemon = try Daemon(
            settings: "config job j\noption command '\(gate.wait); exit 4'\noption quiet 600\noption retries 0\n")
        func asks() throws -> Program {
            let waiting = try daemon.spawn([Built.updater, "request", "--wait", "j"])
            try waiting.line(with: "j: waiting for ")
            return waiting
        }
        let first = try asks()
        try daemon.ask("flush", "j")
        try gate.open()
        #expect(try first.end() == 4)
        #expect(
            first.log == [
                "j: waiting for '\(gate.wait); exit 4', after 600 s without a request", "j: run 1 failed with status 4",
            ])
        // The second wait lasts across a restart and across a kill. A stopped program can't give up after five seconds
        // without a daemon.
        let second = try asks()
        func restart(_ signal: Int32) throws {
            second.signal(SIGSTOP)
            daemon.program.signal(signal)
            try daemon.program.end()
            try daemon.start()
            second.signal(SIGCONT)
        }
        try restart(SIGTERM)
        try daemon.ask("flush", "j")
        try daemon.program.line(with: "j: run 2")
        try restart(SIGKILL)
        try daemon.ask("flush", "j")
        try gate.open()
        try daemon.program.line(with: "j: run 3")
        try gate.open()
        #expect(try second.end() == 4)
        #expect(second.log.last == "j: run 3 failed with status 4", "\(second.log)")
    }
}
