import CLinux
import TestSupport
import Testing

@Suite(.ownThread) struct SimulateTests {
    static let traces = Built.repository + "/Tests/BlackBox/traces"

    /// Recorded from a daemon with these settings, and commands that had it happen.
    @Test(arguments: ["failures", "loop", "storm"])
    func drawsWhatWasRecorded(name: String) throws {
        let file = "\(Self.traces)/\(name)"
        let drawn = try run([Built.debounced, "simulate", "\(file).trace", "--config", "\(file).config"])
        #expect(drawn.status == 0)
        #expect(drawn.output == contents("\(file).timeline"))
    }

    /// The same bytes for the same trace; `maxwell` is the picture in README.md.
    @Test(arguments: [
        ("failures", []), ("loop", []), ("storm", []),
        ("maxwell", ["One name for a laptop, one restart for many requests"]),
    ])
    func isDrawnAsAPicture(name: String, title: [String]) throws {
        let file = "\(Self.traces)/\(name)"
        let script = "\"$0\" simulate --json \"$1.trace\" | \(Built.repository)/Tests/picture \"${@:2}\""
        let drawn = try run(
            ["bash", "-c", script, Built.debounced, file] + title, environment: ["DEBOUNCED_CONFIG": "\(file).config"])
        #expect(drawn.output == contents("\(file).svg"))
    }

    /// What a trace says is text in the picture, which is well-formed whatever that is.
    @Test func aPictureHoldsWhatNamesSay() throws {
        let scratch = Scratch()
        let trace = scratch.write("trace", "0 pending j alias <a&b>: none to c>d\n0.001 exit j 3 0.1\n")
        let script = "\"$0\" simulate --json --job j=true \"$1\" | \(Built.repository)/Tests/picture '<&>'"
        let drawn = try run(["sh", "-c", script, Built.debounced, trace])
        #expect(drawn.output.contains(">&lt;&amp;&gt;</text>") && drawn.output.contains(">&lt;a&amp;b&gt;</text>"))
        let checked = try run([
            "node", "-e",
            """
            let depth = 0;
            const text = process.argv[1].replace(/<style>[^<]*<\\/style>/, '');
            for (const [ , end, name, self ] of text.matchAll(/<(\\/?)([a-z]+)(?: [a-zA-Z0-9-]+="[^"<>&]*")*(\\/?)>/g))
                depth += end ? -1 : self ? 0 : 1;
            const rest = text.replace(/<\\/?[a-z]+(?: [a-zA-Z0-9-]+="[^"<>&]*")*\\/?>/g, '').replace(/&(lt|gt|amp);/g, '');
            process.exit(depth || /[<>&]/.test(rest) ? 1 : 0);
            """, drawn.output,
        ])
        #expect(checked.status == 0, "\(checked.output)\n\(drawn.output)")
    }

    private func simulate(_ trace: String, _ words: String...) throws -> (status: Int32, output: String) {
        let scratch = Scratch()
        scratch.write("trace", trace)
        // By a shell, for the input.
        return try run(
            ["sh", "-c", "cd \"$0\" && exec \"$@\" <trace", scratch.path, Built.debounced, "simulate"] + words,
            environment: ["DEBOUNCED_CONFIG": scratch / "config"])
    }

    @Test func readsAFileOrItsInput() throws {
        let trace = "0 request dnsmasq\n1 request dnsmasq\n"
        let drawn = try simulate(trace)
        #expect(drawn.status == 0)
        #expect(drawn.output.hasPrefix("seconds  0 1 11\ndnsmasq  r.r.[]\n\n"))
        #expect(drawn.output.hasSuffix("\n\ndnsmasq: 2 requests, 1 run, 1 restart saved"))
        #expect(try simulate(trace, "-").output == drawn.output)
        #expect(try simulate(trace, "trace").output == drawn.output)
        #expect(try simulate("").output.hasSuffix("\n\ndnsmasq: 0 requests, 0 runs, 0 restarts saved"))
    }

    @Test func takesTheJobsOfTheCommandLine() throws {
        let drawn = try simulate("0 request j\n0 exit j 1 9", "--job", "j=true", "--quiet", "2", "--timeout=3", "-")
        #expect(drawn.output.hasPrefix("seconds  0 2 5 10 "), "\(drawn.output)")
    }

    @Test func writesJSON() throws {
        let written = try simulate("0 exit j 3 0.5\n0.25 request j\n", "--json", "--job", "j=true")
        #expect(written.status == 0)
        #expect(
            written.output == """
                {"jobs":[{"job":"j","requests":1,"runs":2,"failures":1,"timeouts":0,"saved":0}],"events":[\
                {"time":0.25,"job":"j","kind":"request","requester":"fifo request j"},{"time":10.25,"job":"j","kind":"start"},\
                {"time":10.75,"job":"j","kind":"failed","status":3},{"time":30.75,"job":"j","kind":"start"},\
                {"time":30.75,"job":"j","kind":"done","status":0}]}
                """)
    }

    @Test func wrapsALongTrace() throws {
        let lines = (0..<2000).map { "\($0 * 7) \($0 % 9 == 8 ? "flush" : "request") dnsmasq" }
        let drawn = try simulate(lines.joined(separator: "\n"))
        let rows = drawn.output.split(separator: "\n")
        #expect(rows.count > 100)
        #expect(rows.allSatisfy { $0.utf8.count <= 100 && $0.last != " " })
        #expect(rows.filter { $0.hasPrefix("seconds  ") }.count == rows.filter { $0.hasPrefix("dnsmasq  ") }.count)
        // A flood is one column.
        let flood = (0..<5000).map { "1.\($0 / 10 + 100) request dnsmasq\n" }
        #expect(try simulate(flood.joined()).output.hasPrefix("seconds  1.1 1.101 11.599\ndnsmasq  10r.4990r.[]\n"))
    }

    @Test func refusesAFaultyTrace() throws {
        let faulty = try simulate("0 request dnsmasq\n\n1 request nosuch\n", "trace")
        #expect(faulty.status == 65)
        #expect(faulty.output == "debounced: trace:3: no job 'nosuch', there are: dnsmasq")
        #expect(try simulate("soon\n").output.hasPrefix("debounced: standard input:1: 'soon': allowed are "))
        #expect(try simulate("", "nosuch").status == 73)
        #expect(try simulate("", "trace", "trace").status == 64)
        #expect(try run([Built.debounced, "check", "--record", "x"]).status == 64)
    }

    /// A replay has as many requests and runs as the daemon had, each of which ends when it ended.
    @Test func replaysWhatItRecorded() throws {
        let daemon = try Daemon(starts: false)
        let trace = daemon.scratch / "trace"
        // Fails the first time, and asks again itself the second time.
        let command =
            "if mkdir \(daemon.scratch / "first"); then exit 3; fi; mkdir \(daemon.scratch / "second") && echo request j >\(daemon.fifo); true"
        // So long that nothing runs but what is flushed.
        let settings = ["--job", "j=\(command)", "--job", "k=true", "--quiet", "600"]
        try daemon.start(settings + ["--record", trace])
        try daemon.write("request j\nrequest j\nrequest k\nrequest j\n")
        try daemon.ask("request", "j")
        for end in ["failed with status 3", "done", "done"] {
            try daemon.ask("flush", "j")
            try daemon.program.line(with: "j: \(end)")
        }
        for _ in 1...2 {
            try daemon.ask("request", "k")
            try daemon.ask("flush", "k")
            try daemon.program.line(with: "k: done")
        }
        try daemon.ask("request", "k")
        try daemon.ask("cancel", "k")
        try eventually("it is forgotten") {
            contents(trace)!.hasSuffix(" cancel k") && daemon.state("state", of: "k") == "idle"
        }

        let replay = try run([Built.debounced, "simulate", trace, "--json"] + settings)
        #expect(replay.status == 0, "\(replay.output)")
        for job in ["j", "k"] {
            let counts = ["requests", "runs", "failures"].map { "\"\($0)\":\(daemon.state($0, of: job)!)" }
            #expect(replay.output.contains("{\"job\":\"\(job)\",\(counts.joined(separator: ",")),"))
        }
        let exits = contents(trace)!.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0[1] == "exit" }
        #expect(exits.count == 5)
        for exit in exits {
            let kind = exit[3] == "0" ? "done" : "failed"
            let event = "{\"time\":\(exit[0]),\"job\":\"\(exit[2])\",\"kind\":\"\(kind)\",\"status\":\(exit[3])}"
            #expect(replay.output.contains(event), "\(event)\n\(contents(trace)!)\n\(replay.output)")
        }
        #expect(try run(["stat", "-c", "%a", trace]).output == "600")
    }

    @Test func aRecordThatCantBeWrittenStops() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.1", "--record", "/dev/full"])
        for run in 1...2 {
            try daemon.ask("request", "j")
            try daemon.program.line(with: "j: run \(run)")
            try daemon.program.line(with: "j: done")
        }
        let said = daemon.program.log.filter { $0.contains("/dev/full") }
        #expect(said == ["/dev/full: can't write: No space left on device; recording stops"])
        let other = try Daemon(starts: false)
        #expect(try other.call("--record", "/nonexistent/trace").status == 73)
    }
}
