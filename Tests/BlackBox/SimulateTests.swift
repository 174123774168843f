import CLinux
import TestSupport
import Testing

@Suite(.ownThread) struct SimulateTests {
    static let traces = Built.repository + "/Tests/InProcess/SimulateTests/traces"

    /// The traces were recorded from a daemon with these settings.
    @Test(arguments: ["failures", "loop", "storm"])
    func drawsWhatWasRecorded(name: String) throws {
        let file = "\(Self.traces)/\(name)"
        let drawn = try run([Built.simulate, "\(file).trace", "--config", "\(file).config"])
        #expect(drawn.status == 0)
        #expect(drawn.output == contents("\(file).timeline"))
    }

    /// Equal traces give equal bytes; `maxwell` is the picture in README.md.
    @Test(arguments: [
        ("failures", []), ("loop", []), ("storm", []),
        ("maxwell", ["One name for a laptop, one restart for many requests"]),
    ])
    func isDrawnAsAPicture(name: String, title: [String]) throws {
        let file = "\(Self.traces)/\(name)"
        let script = "\"$0\" --json \"$1.trace\" | \(Built.repository)/Sources/simulate/picture \"${@:2}\""
        let drawn = try run(
            ["bash", "-c", script, Built.simulate, file] + title, environment: ["DEBOUNCED_CONFIG": "\(file).config"])
        #expect(drawn.output == contents("\(file).svg"))
    }

    /// Names from a trace become text in the picture, which is always well-formed.
    @Test func aPictureHoldsWhatNamesSay() throws {
        let scratch = Scratch()
        let trace = scratch.write("trace", "0 pending j alias <a&b>: none to c>d\n0.001 exit j 3 0.1\n")
        let script = "\"$0\" --json --job j=true \"$1\" | \(Built.repository)/Sources/simulate/picture '<&>'"
        let drawn = try run(["sh", "-c", script, Built.simulate, trace])
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
        // A shell redirects the input.
        return try run(
            ["sh", "-c", "cd \"$0\" && exec \"$@\" <trace", scratch.path, Built.simulate] + words,
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
        #expect(faulty.output == "simulate: trace:3: no job 'nosuch', there are: dnsmasq")
        #expect(try simulate("soon\n").output.hasPrefix("simulate: standard input:1: 'soon': allowed are "))
        #expect(try simulate("", "nosuch").status == 73)
        #expect(try simulate("", "trace", "trace").status == 64)
        for word in ["--record", "--run-dir=x", "--watch"] { #expect(try simulate("", word).status == 64) }
        let failed = try simulate("", "nosuch", "--json")
        #expect(failed.status == 73)
        let checked = try shape(of: failed.output, shapeOfFailure, in: "debounced")
        #expect(checked.status == 0, "\(failed.output)\n\(checked.output)")
    }

    @Test func itsJSONHasTheShapeOfItsManual() throws {
        let failures = "\(Self.traces)/failures"
        let words = ["--json", "\(failures).trace", "--config", "\(failures).config"]
        let answer = try run([Built.simulate] + words).output
        let checked = try shape(of: answer, "`simulate --json`", in: "simulate")
        #expect(checked.status == 0, "\(answer)\n\(checked.output)")
    }

    @Test func refusesFaultySettings() throws {
        let scratch = Scratch()
        let file = scratch.write("config", "config job j\n\toption quiet soon\n")
        let faulty = try simulate("", "--config", file)
        #expect(faulty.status == 78 && faulty.output.hasPrefix("simulate: \(file):2: quiet 'soon'"), "\(faulty)")
        #expect(try simulate("", "--config", file + ".not").status == 78)
        let help = try run([Built.simulate, "--help"])
        #expect(help.status == 0 && help.output.hasPrefix("usage: simulate [FILE] [--json]"), "\(help)")
    }

    /// A daemon does what `simulate` says of its requests. The moments differ, but each step waits for the step before,
    /// so the order is equal.
    @Test func aDaemonDoesWhatItSays() throws {
        let gate = try Gate()
        let daemon = try Daemon(starts: false)
        // The first run of `fails` fails. Each run of `loops` requests the next. Runs end when the test opens the gate.
        daemon.scratch.write(
            "config",
            """
            config job fails
                option command 'mkdir \(daemon.scratch / "first") && exit 3; \(gate.wait)'
                option quiet 600
            config job loops
                option command 'echo request loops >\(daemon.fifo); \(gate.wait)'
                option quiet 0.05
            """)
        let trace = daemon.scratch.write(
            "trace",
            """
            0 request fails
            0 request fails
            0 pending fails manual request fails
            1 flush fails
            1 exit fails 3 1
            3 flush fails
            3 exit fails 0 2
            4 request fails
            4 flush fails
            7 request fails
            8 cancel fails
            10 request loops
            10 exit loops 0 1
            10.5 request loops
            11 exit loops 0 1
            11.5 request loops
            12 exit loops 0 1
            12.5 request loops
            """)
        try daemon.start()
        try daemon.write("request fails\nrequest fails\n")
        #expect(try daemon.ask("request", "fails").status == 0)
        try daemon.ask("flush", "fails")
        try daemon.program.line(with: "fails: failed with status 3")
        try daemon.write("flush fails\n")
        try daemon.program.line(with: "fails: run 2")
        try daemon.write("request fails\nflush fails\n")
        try eventually("the request is counted") { daemon.state("requests", of: "fails") == "4" }
        try gate.open()
        try daemon.program.line(with: "fails: run 3")
        try gate.open()
        try daemon.program.line(with: "fails: done")
        try daemon.write("request fails\ncancel fails\nrequest loops\n")
        for run in 1...3 {
            try daemon.program.line(with: "loops: run \(run)")
            try eventually("the request is counted") { daemon.state("requests", of: "loops") == "\(run + 1)" }
            try gate.open()
        }
        try daemon.program.line(with: "loops: throttled")

        let said = try run([Built.simulate, trace, "--json"], environment: daemon.environment).output
        func query(_ filter: String) throws -> String {
            try run(["jq", "-nr", "--argjson", "said", said, filter]).output
        }
        // The events of both jobs in order, up to the run after the throttling.
        let events = try query(
            """
            $said.events | (map(.job == "loops" and .kind == "start") | indices(true)[3]) as $throttled
            | .[:$throttled][] | select(.kind | IN("start", "done", "failed")) | "\\(.job): \\(.kind) \\(.status // 0)"
            """)
        let log = daemon.program.log.prefix { !$0.contains("loops: throttled") }.compactMap { line -> String? in
            let words = line.split(separator: " ")
            return switch words.count > 1 ? words[1] : "" {
            case "run": "\(words[0]) start 0"
            case "done": "\(words[0]) done 0"
            case "failed": "\(words[0]) failed \(words[4])"
            default: nil
            }
        }
        #expect(events == log.joined(separator: "\n"))
        #expect(log.count == 12)
        // The counts, and the causes of the last run.
        let counts = ["requests", "runs", "failures"].map { daemon.state($0, of: "fails") }
        #expect(counts == ["5", "3", "1"])
        #expect(try query("$said.jobs[0] | .requests, .runs, .failures") == "5\n3\n1")
        let causes = try query(
            """
            $said.events | map(select(.job == "fails")) | (map(.kind == "start") | indices(true)) as $runs
            | .[$runs[1]:$runs[2]][] | .requester // empty
            """)
        #expect(causes == daemon.state("causes", of: "fails"))
        // `simulate` throttles the loop's fourth run, too.
        let drawn = try run([Built.simulate, trace], environment: daemon.environment).output
        #expect(drawn.contains("~"), "\(drawn)")
    }
}
