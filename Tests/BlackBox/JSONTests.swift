import CLinux
import TestSupport
import Testing

/// Answers to `--json`, compared with the shapes in the manuals.
@Suite(.ownThread) struct JSONTests {
    /// Calls a program with `--json`.
    ///
    /// - Parameters:
    ///   - program: The program's name, as its manual has it.
    ///   - call: The start of the line above the shape.
    /// - Returns: The exit status, and the output to both streams: one line of the shape.
    private func ask(
        _ daemon: Daemon, _ program: String, _ words: [String], shape call: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> (status: Int32, output: String) {
        let path = program.hasPrefix("debounced") ? Built.debounced : Built.updater
        let answer = try run([path] + words, environment: daemon.environment)
        try expect(
            answer.output, shape: call ?? "`\(program) \(words[0]) --json`",
            in: program.hasPrefix("debounced") || call != nil ? "debounced" : program, sourceLocation)
        return answer
    }

    private func expect(
        _ text: String, shape call: String, in manual: String, _ sourceLocation: SourceLocation
    ) throws {
        #expect(!text.contains("\n"), "one line", sourceLocation: sourceLocation)
        let checked = try shape(of: text, call, in: manual)
        #expect(checked.status == 0, "\(text)\n\(checked.output)", sourceLocation: sourceLocation)
    }

    /// The check of shapes must be able to fail.
    @Test(arguments: [
        #"{"now":1,"status":0,"text":""}"#, #"{"now":1,"status":0,"text":"","run":null,"more":1}"#,
        #"{"now":-1,"status":0,"text":"","run":null}"#, #"{"now":1,"status":0.5,"text":"","run":null}"#,
        #"{"now":1.0001,"status":0,"text":"","run":null}"#, #"{"now":1,"status":0,"text":null,"run":null}"#,
        #"[]"#, #"{"now":1,"status":0,"text":"","run":"null"}"#, #"{"now":1,"status":0,"text":"","run":null"#, "",
    ])
    func anotherShapeIsRefused(text: String) throws {
        #expect(try shape(of: text, "`cname-updater request --json`", in: "cname-updater").status != 0)
        let good = #"{"now":1.125,"status":0,"text":"","run":null}"#
        #expect(try shape(of: good, "`cname-updater request --json`", in: "cname-updater").status == 0)
        #expect(try shape(of: good, "`cname-updater requests --json`", in: "cname-updater").status != 0)
    }

    @Test func aJobIsAskedForAndShown() throws {
        let daemon = try Daemon([
            "--job", "j=exit 3", "--job", "k=echo '<img src=x onerror=y>'\t\\\"", "--quiet", "600",
        ])
        let idle = try ask(daemon, "debounced", ["status", "--json"]).output
        #expect(idle.contains(#""command":"echo '<img src=x onerror=y>'\u0009\\\"""#), "\(idle)")
        let asked = try ask(daemon, "cname-updater", ["request", "--json", "j"])
        #expect(asked.status == 0 && asked.output.hasSuffix(#","status":0,"text":"","run":null}"#), "\(asked)")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        let waiting = try ask(daemon, "debounced", ["status", "j", "--json"]).output
        #expect(waiting.contains(#""state":"waiting""#) && !waiting.contains(#""due":null"#), "\(waiting)")
        let cancelled = try ask(
            daemon, "cname-updater", ["cancel", "j", "--json"], shape: shapeOfFailure)
        #expect(cancelled.status == 0)
        try eventually("it is forgotten") { daemon.state("state") == "idle" }
    }

    @Test func aRunIsWaitedFor() throws {
        let daemon = try Daemon(["--job", "j=exit 3", "--quiet", "0.05"], settings: "config job j\noption retries 0\n")
        let waited = try ask(daemon, "cname-updater", ["request", "--json", "k", "--wait"], shape: shapeOfFailure)
        #expect(waited.status == 64 && waited.output.contains(#""status":64,"text":"no job 'k', there are: j""#))
        daemon.scratch.write("jobs", "config job j\noption command 'exit 3'\noption retries 0\noption quiet 0.05\n")
        let other = try Daemon(settings: contents(daemon.scratch / "jobs"))
        let run = try ask(other, "cname-updater", ["request", "--json", "--wait"])
        #expect(run.status == 3)
        #expect(run.output.hasSuffix(#""status":3,"text":"j: run 1 failed with status 3","run":1}"#), "\(run)")
    }

    @Test func aFlushIsAnswered() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        try daemon.ask("request", "j")
        let flushed = try ask(daemon, "cname-updater", ["flush", "--json", "--", "j"], shape: shapeOfFailure)
        #expect(flushed.status == 0)
        try daemon.program.line(with: "j: done")
        try eventually("it shows") { daemon.state("last_exit") == "0" }
        let shown = try ask(daemon, "debounced", ["status", "--json"]).output
        #expect(shown.contains(#""last_exit":0,"#) && shown.contains(#""causes":["manual request j"]"#), "\(shown)")
    }

    /// A call with `--json` answers with JSON even after a fault.
    @Test func faultsAreJSONToo() throws {
        let daemon = try Daemon(starts: false)
        let strange = "\(daemon.scratch.path)/a\u{1}\"\\\nb"
        for (program, words, status) in [
            ("debounced", ["status", "--json"], 69), ("debounced", ["status", "--json", "a", "b"], 64),
            ("debounced", ["--json", "--frobnicate"], 64),
            ("cname-updater", ["check", "--json", "--config", strange], 78),
            ("cname-updater", ["frobnicate", "--json"], 64), ("cname-updater", ["--json", "request", "a", "b"], 64),
            ("cname-updater", ["flush", "--json"], 69), ("cname-updater", ["cancel", "--json", "x"], 64),
            ("cname-updater", ["aliases", "--json", "--run-dir", "/dev/null"], 73),
        ] as [(String, [String], Int32)] {
            let faulty = try ask(daemon, program, words, shape: shapeOfFailure)
            #expect(faulty.status == status, "\(words): \(faulty)")
            #expect(faulty.output.contains(#""status":\#(status),"text":""#), "\(faulty)")
        }
        daemon.scratch.write("config", "config job j\n")
        let kept = try ask(daemon, "cname-updater", ["request", "--json"])
        #expect(kept.status == 0 && kept.output.contains("the request is kept"), "\(kept)")
    }

    @Test func noOptionComesAfterTwoDashes() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        for words in [["request", "--", "j"], ["--", "request", "j"], ["request", "j", "--"]] {
            let asked = try run([Built.updater] + words, environment: daemon.environment)
            #expect(asked.status == 0 && asked.output == "", "\(words): \(asked)")
        }
        for word in ["--json", "--config=/x", "--help", "--", "-h"] {
            let refused = try daemon.ask("request", "--", word)
            #expect(refused.status == 64 && refused.output == "cname-updater: no job '\(word)', there are: j")
            #expect(try daemon.call("status", "--", word).output == "debounced: no job '\(word)', there are: j")
        }
    }

    @Test func checkSaysWhereAndWhat() throws {
        let daemon = try Daemon(starts: false)
        let good = daemon.updaterSection + "config cname m\nlist target host\n"
        daemon.scratch.write("config", good)
        let event = [
            "ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:ff", "IPADDR": "10.0.0.1", "HOSTNAME": "host",
            "DNSMASQ_INTERFACE": "lan",
        ]
        try daemon.ask(with: event)
        let fine = try ask(daemon, "cname-updater", ["check", "--json"])
        // The only advice is about a setting without a line.
        let advice =
            #""in_force":true,"findings":[{"file":"\#(daemon.scratch / "config")","line":null,"kind":"advice","text":"option"#
        #expect(fine.status == 0 && fine.output.contains(advice) && !fine.output.contains("},{"), "\(fine)")
        daemon.scratch.write(
            "config", good + "list target '<b>: 1:\"'\nconfig cname n\nlist target nobody\noption colour red\n")
        let found = try ask(daemon, "cname-updater", ["check", "--json"])
        #expect(found.status == 78 && found.output.contains(#""in_force":false"#))
        let file = #"{"file":"\#(daemon.scratch / "config")","line":"#
        #expect(found.output.contains(file + #"7,"kind":"fault","text":"target '<b>: 1:\"': allowed are"#), "\(found)")
        #expect(found.output.contains(file + #"10,"kind":"remark","text":"option 'colour' is left out"#), "\(found)")
        #expect(found.output.contains(file + #"8,"kind":"problem","text":"alias 'n' has no target that"#), "\(found)")
        // The daemon's check refuses this file, too.
        #expect(try ask(daemon, "debounced", ["check", "--json"]).status == 78)
        daemon.scratch.write("config", good)
        let daemons = try ask(daemon, "debounced", ["check", "--json"])
        #expect(daemons.status == 0 && daemons.output.hasSuffix(#","findings":[]}"#), "\(daemons)")
        // A remark does not fail the check: the settings follow.
        daemon.scratch.write("config", good + "option colour red\n")
        for (program, start) in [("cname-updater", ""), ("debounced", "debounced: ")] {
            let remarked = try ask(daemon, program, ["check", "--json"])
            let kind = #"7,"kind":"remark","text":"option 'colour'"#
            #expect(remarked.status == 0 && remarked.output.contains(file + kind), "\(remarked)")
            let path = program == "debounced" ? Built.debounced : Built.updater
            let shown = try run([path, "check"], environment: daemon.environment)
            let remark = "\(start)\(daemon.scratch / "config"):7: option 'colour' is left out: "
            #expect(shown.status == 0 && shown.output.hasPrefix(remark), "\(shown)")
            #expect(shown.output.contains("\tlist target 'host host'"), "\(shown)")
        }
        daemon.scratch.write("config", good + "config cname n\nlist target nobody\n")
        #expect(try ask(daemon, "cname-updater", ["check", "--json"]).status == 78, "a problem")
        #expect(try ask(daemon, "debounced", ["check", "--json"]).status == 0, "of which the daemon knows nothing")
        // A folder in place of the file has no line.
        try run(["sh", "-c", "rm $0; mkdir $0", daemon.scratch / "config"])
        let none = try ask(daemon, "cname-updater", ["check", "--json"]).output
        #expect(none.contains(file + #"null,"kind":"fault","#), "\(none)")
    }

    /// An alias is loaded once dnsmasq was restarted with it. An omitted alias is not loaded, and the text gives the
    /// reason.
    @Test func aliasesTellWhetherTheyAreLoaded() throws {
        let daemon = try Daemon(starts: false)
        let job = "config job dnsmasq\noption command true\noption quiet 600\n"
        let aliases = ["m", "n"].map { "config cname \($0)\nlist target host\n" }.joined()
        daemon.scratch.write("config", job + daemon.updaterSection + aliases + "config cname o\nlist target nobody\n")
        try daemon.start()
        try run(["mkdir", "-p", daemon.scratch / "conf"])
        daemon.scratch.write("conf/other.conf", "cname=n.lan,up.lan\n")
        try daemon.ask(with: [
            "ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:ff", "IPADDR": "10.0.0.1", "HOSTNAME": "host",
            "DNSMASQ_INTERFACE": "lan", "DNSMASQ_TIME_REMAINING": "3600",
        ])
        func shown() throws -> [String] {
            let answer = try ask(daemon, "cname-updater", ["aliases", "--json"]).output
            return answer.components(between: #""loaded":"#, and: "}")
        }
        let waiting = #"false,"obstacle":"restart","text":"dnsmasq has it after its next restart""#
        let place = "\(daemon.scratch / "conf/other.conf"):1"
        let leftOut = #"false,"obstacle":"left_out","text":"left out: 'n.lan' is a CNAME at \#(place)""#
        let loaded = #"true,"obstacle":null,"text":null"#
        #expect(try shown() == [waiting, leftOut, waiting])
        let table = try daemon.ask("aliases").output.split(separator: "\n")
        #expect(table[1].hasSuffix("; dnsmasq has it after its next restart"), "\(table)")
        #expect(table[2].hasSuffix("left out: 'n.lan' is a CNAME at \(place)"), "\(table)")
        try daemon.ask("flush")
        try daemon.program.line(with: "dnsmasq: done")
        try eventually("it is over") { try shown() == [loaded, leftOut, loaded] }
        let leases = try ask(daemon, "cname-updater", ["leases", "--json"]).output
        #expect(leases.contains(#""client":"aa:bb:cc:dd:ee:ff","addresses":["10.0.0.1"],"hostname":"host""#))
        // Another program removes the fragment.
        try run(["rm", daemon.scratch / "conf/cname-updater.conf"])
        #expect(try shown()[0] == waiting)
    }

    @Test func presenceTellsOfCandidates() throws {
        let daemon = try Daemon(starts: false)
        let hosts = ["a", "b", "c"]
        let targets = hosts.map { "list target \($0)\n" }.joined()
        daemon.scratch.write("config", daemon.updaterSection + "config cname m\n\(targets)")
        #expect(try ask(daemon, "cname-updater", ["presence", "--json"]).output.hasSuffix(#""candidates":[]}"#))
        for (index, host) in hosts.enumerated() {
            try daemon.ask(with: [
                "ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:0\(index)", "IPADDR": "10.0.0.\(index)", "HOSTNAME": host,
                "DNSMASQ_INTERFACE": "lan",
            ])
        }
        // The file is as `watch` leaves it, with probes later than all events.
        let late = Int(now()) + 100_000
        daemon.scratch.write("leases/presence", "a unreachable 0.25 2 \(late)\nb reachable 3 0 \(late)\n")
        let candidates = [
            #"{"target":"a","presence":"unreachable","reached":0.25,"misses":2}"#,
            #"{"target":"b","presence":"reachable","reached":3,"misses":0}"#,
            #"{"target":"c","presence":"unknown","reached":null,"misses":0}"#,
        ]
        let shown = try ask(daemon, "cname-updater", ["presence", "--json"]).output
        #expect(shown.hasSuffix(#""candidates":[\#(candidates.joined(separator: ","))]}"#), "\(shown)")
        // The competitors of a chosen target are its candidates.
        let aliases = try ask(daemon, "cname-updater", ["aliases", "--json"]).output
        #expect(aliases.contains(#""candidates":[\#(candidates[0]),\#(candidates[1])]"#), "\(aliases)")
    }
}

extension String {
    /// Returns the text between each `start` and the next `end`.
    fileprivate func components(between start: String, and end: Character) -> [String] {
        var found: [String] = []
        var rest = self[...]
        while let place = rest.firstRange(of: start) {
            rest = rest[place.upperBound...]
            found.append(String(rest.prefix { $0 != end }))
        }
        return found
    }
}
