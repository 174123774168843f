import CLinux
import TestSupport
import Testing

/// The calls that check the settings and show the state.
extension DaemonTests {
    /// The version is the package's, or `unreleased`.
    @Test func bothTellTheirVersion() throws {
        for (program, name) in [(Built.debounced, "debounced "), (Built.updater, "cname-updater ")] {
            let called = try run([program, "--version"])
            #expect(called.status == 0 && called.output.hasPrefix(name), "\(called)")
            let version = called.output.dropFirst(name.count)
            #expect(version == "unreleased" || version.hasPrefix("0.") && !version.contains(" "))
        }
    }

    @Test func checkPrintsWhatIsInForce() throws {
        let daemon = try Daemon(starts: false)
        let builtIn = try daemon.call("check")
        #expect(builtIn.status == 0)
        #expect(
            builtIn.output.hasPrefix(
                "# no file \(daemon.scratch / "config"): the built-in settings\nconfig updater 'updater'"))
        #expect(
            builtIn.output.contains(
                "config job 'dnsmasq'\n\toption command 'service dnsmasq restart'\n"
                    + "\toption verify 'cname-updater verify'\n\toption quiet '10'\n"))

        daemon.scratch.write("config", "config job x\n\toption quiet 0.5\n\toption wait 3\n\toption command true\n")
        // A remark does not fail the check.
        let remarked = try daemon.call("check")
        #expect(remarked.status == 0)
        #expect(
            remarked.output.hasPrefix(
                "debounced: \(daemon.scratch / "config"):3: option 'wait' is left out: known are "))
        #expect(remarked.output.contains("\nconfig job 'x'\n\toption command 'true'\n"))
        daemon.scratch.write("faulty", "config job x\n\toption quiet ten\n\toption wait 3\n\toption command true\n")
        let faulty = try daemon.call("check", "--config", daemon.scratch / "faulty")
        #expect(faulty.status == 78)
        let lines = faulty.output.split(separator: "\n")
        #expect(
            lines.count == 2 && lines[0].contains("/faulty:2: quiet 'ten'")
                && lines[1].contains("/faulty:3: option 'wait'"))
        // A start leaves out the faulty option, and runs the job.
        try daemon.start()
        #expect(daemon.program.log.contains { $0.contains(":3: option 'wait' is left out") })
        #expect(daemon.state("quiet", of: "x") == "0.5")
        #expect(try daemon.ask("request").status == 0)
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)

        daemon.scratch.write("config", "config job x\n\toption quiet 0.5\n")
        #expect(try daemon.call("check").output.contains("config job 'x'"))
        #expect(try daemon.call("check", "--job", "y=true", "--quiet=2").output.contains("config job 'y'"))
    }

    /// A FIFO, a device or a folder in place of a settings file or mapping file does not block a program.
    @Test(arguments: ["mkfifo $0", "ln -s /dev/null $0", "mknod $0 c 1 5", "mkdir $0"])
    func refusesSettingsThatAreNoFile(make: String) throws {
        let daemon = try Daemon(starts: false)
        for name in ["config", "mappings"] {
            let file = daemon.scratch / name
            try run(["sh", "-ec", make, file])
            if name == "mappings" { daemon.scratch.write("config", "config updater\noption mappings \(file)\n") }
            let checked = try run([Built.debounced, "check"], environment: daemon.environment)
            #expect(checked.status == 78 && checked.output.hasPrefix("debounced: \(file): "), "\(checked)")
            let event = ["ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:ff", "IPADDR": "10.0.0.1", "HOSTNAME": "host"]
            let handled = try run([Built.updater], environment: daemon.environment.merging(event) { $1 })
            #expect(handled.status == 0 && handled.output.hasPrefix("\(file): "), "\(handled)")
            try run(["rm", "-r", daemon.run, file])
        }
    }

    @Test func settingsThatTheCallNamesHaveToBeThere() throws {
        let daemon = try Daemon(starts: false)
        let missing = daemon.scratch / "missing"
        for words in [[Built.debounced], [Built.debounced, "check"], [Built.updater, "check"], [Built.updater]] {
            let refused = try run(words + ["--config", missing], environment: daemon.environment)
            #expect(refused.status == 78, "\(words): \(refused)")
            #expect(refused.output.hasSuffix(": \(missing): there is no such file"), "\(refused)")
        }
        #expect(!exists(daemon.run))
        // The usual settings file may be missing, and an empty variable counts as unset.
        let variables = daemon.environment.merging(["DEBOUNCED_CONFIG": ""]) { $1 }
        let usual = try run([Built.debounced, "check"], environment: variables)
        #expect(usual.status == 0 && usual.output.contains("config job 'dnsmasq'"), "\(usual)")
        // A reload reports that the given file was removed.
        let file = daemon.scratch.write("given", "config job j\n")
        let given = try daemon.spawn([Built.debounced, "--config", file])
        try given.line(with: "running as process")
        try run(["rm", file])
        given.signal(SIGHUP)
        try given.line(with: "HUP: \(file): there is no such file; the running settings stay in force")
    }

    @Test(arguments: [
        ["frobnicate"], ["--frobnicate"], ["--quiet", "1"], ["--job"], ["--job", "x"],
        ["--job", "x=y", "--quiet", "soon"],
        ["status", "a", "b"], ["check", "x"], ["--watch"], ["--job", "x=y", "--job", "x=z"], ["--help=x"],
    ])
    func refusesWrongCalls(words: [String]) throws {
        let called = try run([Built.debounced] + words)
        #expect(called.status == 64)
        #expect(called.output.hasPrefix("debounced: "))
        #expect(!called.output.contains("\n"))
    }

    @Test func helps() throws {
        let help = try run([Built.debounced, "--help"])
        #expect(help.status == 0)
        #expect(help.output.hasPrefix("usage: debounced"))
        #expect(help.output.split(separator: "\n").allSatisfy { $0.utf8.count <= 120 })
    }

    /// Each line of the help text is a way to call the program, with every word and option that may follow.
    @Test(arguments: [Built.debounced, Built.updater])
    func refusesWhatItsHelpDoesNotShow(program: String) throws {
        let daemon = try Daemon(starts: false)
        let lines = try run([program, "--help"]).output.split(separator: "\n", omittingEmptySubsequences: false)
        var refused: [[String]] = []
        for line in lines.prefix(while: { !$0.isEmpty }) {
            let words = line.dropFirst(7).split(separator: " ", omittingEmptySubsequences: false)
                .prefix { !$0.isEmpty }.dropFirst().map { String($0) }
            let shown = words.joined(separator: " ")
            let call = words.filter { !$0.hasPrefix("[-") }
            let other = call.isEmpty ? ["frobnicate"] : call + ["more"]
            let options = ["--json", "--wait", "--watch", "--needed", "--frobnicate"].filter { !shown.contains($0) }
            refused += [other] + options.map { call + [$0] }
            if shown.contains("|") { refused.append(call + ["--json", "--watch"]) }
            if call.last == "CONFDIR" { refused.append(call.dropLast()) }
        }
        #expect(refused.count > 15)
        let name = program.split(separator: "/").last!
        for words in refused {
            let called = try run([program] + words, environment: daemon.environment)
            #expect(called.status == 64, "\(words)")
            let shown = "unknown call '\(words.joined(separator: " "))'; see \(name) --help"
            #expect(
                words.contains("--json") ? called.output.contains("\"\(shown)\"") : called.output == "\(name): \(shown)"
            )
        }
    }

    @Test func statusShowsTheJobs() throws {
        let daemon = try Daemon(["--job", "j=true", "--job", "k=echo \"x\"", "--quiet", "600"])
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        let table = try daemon.call("status").output.split(separator: "\n")
        #expect(table.count == 3)
        #expect(table[0].hasPrefix("JOB  STATE"))
        #expect(table[1].hasPrefix("j    waiting, runs in "))
        #expect(table[2].hasPrefix("k    idle"))
        #expect(try daemon.call("status", "k").output.split(separator: "\n").count == 2)
        #expect(try daemon.call("status", "nosuch").status == 64)
        let json = try daemon.call("status", "--json", "k").output
        #expect(
            json.contains(
                "\"job\":\"k\",\"state\":\"idle\",\"command\":\"echo \\\"x\\\"\",\"quiet\":600,\"requests\":0")
        )
        daemon.program.signal(SIGTERM)
        try daemon.program.end()
        let gone = try daemon.call("status")
        #expect(gone.status == 69)
        #expect(gone.output == "debounced: \(daemon.run): debounced is not running")
    }

    @Test func statusTellsWhatWasSavedAndWhy() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        try daemon.ask("request", "j")
        try daemon.write("request j\nrequest j\n")
        try daemon.ask("flush", "j")
        try daemon.program.line(with: "j: done")
        try eventually("it shows") { daemon.state("last_exit") == "0" }
        let shown = try daemon.call("status").output
        #expect(shown.contains("j    idle   3         1     2      0"), "\(shown)")
        #expect(shown.contains("j's last run: manual request j, fifo request j"))
        #expect(!shown.contains("\u{1B}"))
        let json = try daemon.call("status", "--json").output
        #expect(json.hasPrefix("{\"now\":"))
        #expect(json.contains(",\"process\":\(daemon.program.process),\"stopped\":false,\"rejected\":0,\"jobs\":["))
        #expect(json.contains("\"saved\":2,"))
        #expect(json.contains("\"causes\":[\"manual request j\",\"fifo request j\"]"))
        // All values of one moment, in one file.
        #expect(daemon.state("all")!.contains("\nrequests 3\nruns 1\nfailures 0\nsaved 2\n"))
    }

    /// Requests that wait or run do not count as saved.
    @Test func savedIsWhatIsOver() throws {
        let gate = try Gate()
        let daemon = try Daemon(["--job", "j=\(gate.wait)", "--quiet", "0.2"])
        try daemon.write("request j\nrequest j\nrequest j\n")
        try daemon.program.line(with: "j: run 1")
        try daemon.write("request j\nrequest j\n")
        try eventually("they wait") { daemon.state("requests") == "5" }
        #expect(daemon.state("saved") == "0")
        try gate.open()
        try daemon.program.line(with: "j: run 2")
        try eventually("it shows") { daemon.state("saved") == "2" }
        try gate.open()
        try daemon.program.line(with: "j: done")
        try eventually("it shows") { daemon.state("saved") == "3" }
    }

    /// `status` names a stopped daemon, and shows no negative times.
    @Test func aStoppedDaemonIsNamed() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        try daemon.ask("request", "j")
        let due = Int(try daemon.due())
        daemon.program.signal(SIGSTOP)
        let number = daemon.program.process
        try eventually("it has stopped") { try daemon.call("status", "--json").output.contains("\"stopped\":true") }
        // The test ends the quiet time in the state file. A busy machine may run a job with a short quiet time before
        // the signal.
        try run(["sed", "-i", "s/^due .*/due \(due - 607)/", daemon.run + "/jobs/j/all"])
        let shown = try daemon.call("status").output
        #expect(shown.hasPrefix("debounced is stopped, as process \(number): kill -CONT \(number)\nJOB "), "\(shown)")
        #expect(shown.contains("\nj    waiting, overdue by "), "\(shown)")
        daemon.program.signal(SIGCONT)
        try daemon.ask("flush", "j")
        try daemon.program.line(with: "j: done")
    }

    @Test func aMessageListsTenJobs() throws {
        let daemon = try Daemon((10...50).flatMap { ["--job", "j\($0)=true"] })
        let ten = "no job 'x', there are: " + (10...19).map { "j\($0)" }.joined(separator: ", ") + " and 31 more"
        #expect(try daemon.call("status", "x").output == "debounced: \(ten)")
        #expect(try daemon.ask("request", "x").output == "cname-updater: \(ten)")
    }

    @Test func statusIsColouredOnATerminal() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        let call = ["script", "-qec", "\(Built.debounced) status", "/dev/null"]
        let coloured = try run(call, environment: daemon.environment.merging(["NO_COLOR": nil]) { $1 })
        #expect(coloured.output.contains("\u{1B}[33mwaiting, runs in"), "\(coloured.output)")
        let plain = try run(call, environment: daemon.environment.merging(["NO_COLOR": "1"]) { $1 })
        #expect(!plain.output.contains("\u{1B}"))
    }

    @Test func watchKeepsTheStatusOnTheScreen() throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "0.1"])
        let watch = try daemon.spawn(["script", "-qfec", "\(Built.debounced) status --watch", "/dev/null"])
        try watch.line(with: "idle")
        try daemon.ask("request", "j")
        try watch.line(with: "last run: manual request j")
        daemon.program.signal(SIGTERM)
        try watch.line(with: "debounced is not running")
        #expect(try watch.end() == 69)
    }

    @Test func watchFitsASmallScreen() throws {
        let name = String(repeating: "long_", count: 12)
        let daemon = try Daemon(["--job", "\(name)=true", "--job", "j=echo \(name)", "--quiet", "0.1"])
        try daemon.ask("request", name)
        try daemon.program.line(with: "done")
        let watch = try daemon.spawn([Built.debounced, "status", "--watch"])
        try watch.line(with: "long_long_long_long_...  idle")
        try watch.line(with: "j  ")
        try watch.line(with: "last run: manual")
        #expect(watch.log.allSatisfy { $0.utf8.count <= 60 && !$0.contains("\u{1B}") }, "\(watch.log)")
        let call = "exec \(Built.debounced) status --watch"
        let screen = try Program(
            ["script", "-qfec", call, "/dev/null"],
            environment: daemon.environment.merging(["NO_COLOR": nil]) { $1 }, in: daemon.scratch)
        try screen.line(with: "\u{1B}[32midle")
        try screen.line(with: "last run: manual")
        for line in screen.log {
            // Leaves out the sequences that move the cursor and set colours.
            let parts = line.split(separator: "\u{1B}", omittingEmptySubsequences: false)
            let rest = parts.dropFirst().map { $0.drop { !$0.isLetter }.dropFirst() }.joined() + parts[0]
            #expect(rest.filter { $0 != "\r" }.count <= 60, "\(line)")
        }
    }
}
