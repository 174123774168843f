import Basics
import Debounce
import TestSupport
import Testing

@testable import Configuration

private func settings(_ text: String) throws -> Settings {
    try Settings(ByteString(text), file: "f")
}

@Suite struct SettingsTests {
    @Test func hasDefaults() throws {
        let builtIn = Settings()
        let job = builtIn.jobs[0]
        #expect(builtIn.jobs.count == 1)
        #expect(job.name == "dnsmasq" && job.command == "service dnsmasq restart")
        #expect(job.quiet == .seconds(10) && job.maxWait == .seconds(60) && job.timeout == .seconds(300))
        #expect(builtIn.updater.job == "dnsmasq")
        #expect(try settings("").text == builtIn.text)
        #expect(try settings("config job dnsmasq").text == builtIn.text)
        #expect(try settings("config job odhcpd").jobs[0].command == "service odhcpd restart")
    }

    @Test func readsJobs() throws {
        let read = try settings(
            """
            config job 'dnsmasq'
                option command 'service dnsmasq restart'
                option quiet '0.25'
                option max_wait '60'
                option timeout '5'
                option retries '3'
                option max_interval '600'
            config job 'other'
                option command 'echo "it'\\''s"'
            config updater 'updater'
                option job 'other'
                option request 'alias'
                option domain 'lan'
            config cname 'maxwell'
                list target 'maxwell-arch'
                list target 'maxwell-arch-wifi'
            """)
        #expect(read.jobs.map { $0.name } == ["dnsmasq", "other"])
        #expect(read.jobs[0].quiet == .milliseconds(250))
        #expect(read.jobs[0].maxWait == .seconds(60))
        #expect(read.jobs[0].timeout == .seconds(5))
        #expect(read.jobs[1].command == "echo \"it's\"")
        #expect(read.updater.job == "other")
    }

    @Test(arguments: [
        ("config job a\nconfig job b", "a"), ("config job a\nconfig job dnsmasq", "dnsmasq"),
        ("config job dnsmasq\nconfig job a\nconfig updater\noption job a", "a"), ("config updater", "dnsmasq"),
    ])
    func theUpdaterHasAJob(text: String, job: String) throws {
        #expect(try settings(text).updater.job == ByteString(job))
        #expect(try settings("\(settings(text).text)").updater.job == ByteString(job))
    }

    @Test(arguments: [
        ("", nil), ("config job network", 3), ("config job network\noption command '/etc/init.d/network restart'", 4),
        ("config job odhcpd\nconfig job dnsmasq", nil), ("config job a\noption command 'killall dnsmasq'", nil),
        ("config job a\noption command 'sh /root/restart all'", nil),
        ("config job network\noption enabled 0\nconfig job dnsmasq", nil),
        ("config job dnsmasq\nconfig job network\nconfig updater\noption job network", 4),
    ])
    func remarksOnAJobThatRestartsSomethingElse(text: String, line: Int?) throws {
        let found = try settings("config cname m\nlist target a\n" + text).jobFinding
        #expect(found?.place == line.map { Place("f", line: $0) } && found?.kind == (line == nil ? nil : .remark))
        #expect(try settings(text).jobFinding == nil, "without an alias")
    }

    /// The longest wait is six times the quiet time, unless the settings state it.
    @Test func theLongestWaitGoesByTheQuietTime() throws {
        func wait(_ options: String) throws -> Duration { try settings("config job a\n" + options).jobs[0].maxWait }
        #expect(try wait("") == .seconds(60))
        #expect(try wait("option quiet 2.5") == .seconds(15))
        #expect(try wait("option quiet 0") == .zero)
        #expect(try wait("option quiet 604800") == Settings.longest)
        #expect(try wait("option max_wait 0\noption quiet 3") == .zero)
        #expect(try wait("option max_wait 3\noption quiet 3") == .seconds(3))
        var findings = Findings()
        let job = Settings("config job a\noption max_wait 1\noption quiet 3", file: "f", findings: &findings).jobs[0]
        #expect(job.maxWait == .seconds(18) && findings.all(.fault).count == 1)
    }

    @Test func writesWhatItReads() throws {
        let read = try settings("config job a\noption command \"it's \\\"x\\\" \\\\\"\noption quiet .5\nconfig job b")
        #expect(read.jobs[0].command == "it's \"x\" \\" && read.jobs[0].quiet == .milliseconds(500))
        let again = try Settings(read.text, file: "f")
        #expect(again.text == read.text && again.jobs == read.jobs)
    }

    /// Only `service dnsmasq restart` gets a verification: it succeeds even if dnsmasq does not start.
    @Test(arguments: [
        ("", "cname-updater verify"), ("config job dnsmasq", "cname-updater verify"),
        ("config job other\noption command 'service dnsmasq restart'", "cname-updater verify"),
        ("config job dnsmasq\noption command '/etc/init.d/dnsmasq restart'", ""), ("config job other", ""),
        ("config job dnsmasq\noption verify true", "true"),
    ])
    func verifiesWhatDoesNotTell(text: String, verify: String) throws {
        let settings = try Settings(ByteString(text), file: "f")
        #expect((settings.jobs[0].verify ?? "") == ByteString(verify))
        #expect(try (Settings(settings.text, file: "g").jobs[0].verify ?? "") == ByteString(verify))
    }

    /// OpenWrt's restart of dnsmasq takes 3 s for each network.
    @Test(arguments: [
        ("", 300), ("config job other\noption command 'service dnsmasq restart'", 300), ("config job other", 60),
        ("config job dnsmasq\noption command true", 60), ("config job dnsmasq\noption timeout 0", 0),
        ("config job dnsmasq\noption timeout 60", 60),
    ])
    func theTimeoutGoesByTheCommand(text: String, timeout: Int64) throws {
        let settings = try Settings(ByteString(text), file: "f")
        #expect(settings.jobs[0].timeout == .seconds(timeout))
        #expect(try Settings(settings.text, file: "g").jobs == settings.jobs)
    }

    @Test(arguments: [
        (
            "config job a\noption quiet 10x",
            "f:2: quiet '10x': allowed are seconds from 0 to 604800, such as 10 or 0.25"
        ),
        ("config job a\noption quiet -1", "f:2: quiet '-1': allowed are seconds from 0 to 604800, such as 10 or 0.25"),
        (
            "config job a\n\noption timeout 604801",
            "f:3: timeout '604801': allowed are seconds from 0 to 604800, such as 10 or 0.25"
        ),
        (
            "config job a\noption max_wait 9.9\noption quiet 10",
            "f:2: max_wait '9.9' is less than quiet '10': allowed are 0, for no bound, and more"
        ),
        ("config job a\noption command 'b\n'", "f:2: command 'b?': allowed is one line for /bin/sh"),
        ("config job a\noption command 'a\nb'", "f:2: command 'a?b': allowed is one line for /bin/sh"),
        ("config job a\noption retries many", "f:2: retries 'many': allowed is a whole number from 0 to 100"),
        ("config job a\nlist quiet 1\nlist quiet 2", "f:3: 'quiet' has one value: option quiet 'VALUE', not a list"),
        (
            "config job",
            "f:1: a job needs a name of at most 63 letters, digits and _: config job 'NAME'"
        ),
        ("config updater\noption job b", "f:2: no job 'b', there are: dnsmasq"),
    ])
    func saysWhatIsWrongAndWhatIsAllowed(text: String, message: String) {
        #expect(throws: Fault(.settings, ByteString(message))) { try settings(text) }
    }

    /// A newer version may have more options, and an earlier version had others.
    @Test(arguments: [
        (
            "config job a\noption quite 1\noption command true",
            "f:2: option 'quite' is left out: known are command, verify, quiet, max_wait, timeout, retries, max_interval, enabled"
        ),
        ("\nconfig jobs a", "f:2: section 'jobs' is left out: known are job, updater, cname"),
        (
            "config updater\noption jobs b",
            "f:2: option 'jobs' is left out: known are job, request, publish, confdir, domain, mappings"
        ),
        (
            "config cname a\n option target b\n option prob 1",
            "f:3: option 'prob' is left out: known are name, target, probe, enabled"
        ),
    ])
    func whatIsNotKnownIsNoReasonToRefuseTheRest(text: String, message: String) throws {
        var findings = Findings()
        let read = Settings(ByteString(text), file: "f", findings: &findings)
        #expect(findings.all.map { "\($0.kind) \($0.message)" } == ["remark \(message)"] && findings.areHarmless)
        #expect(read.updater.request == .alias)
        #expect(try settings(text).text == read.text)
    }

    /// uci(1) and LuCI refuse the whole file for such a name.
    @Test(arguments: [
        ("cname", "; an alias can have it as its option name"),
        ("job", "; a job's command is its option command, whatever its name"), ("frob", ""),
    ])
    func tellsTheWayOutOfANameThatUCIRefuses(type: String, wayOut: String) {
        let message = "f:1: a section's name is letters, digits and _: not 'a-b'" + wayOut
        #expect(throws: Fault(.settings, ByteString(message))) { try settings("config \(type) 'a-b'") }
    }

    /// The built-in command of a job may do anything, as `service network restart` does.
    @Test(arguments: [
        "option comand 'x'", "option command 'a\u{7}b'", "option command 'a\nb'", "list command ''",
        "list command a\nlist command b", "option enabled 1\noption command 'a\u{7}b'",
        "option quiet 5\noption comand 'x'",
    ])
    func aJobWithoutACommandOfItsOwnIsLeftOutIfItShouldHaveOne(options: String) throws {
        var findings = Findings()
        let text = "config job other\nconfig job network\n\(options)\nconfig job last\noption quiet 5\n"
        let read = Settings(ByteString(text), file: "f", findings: &findings)
        #expect(read.jobs.map { $0.command } == ["service other restart", "service last restart"])
        #expect(read.disabledJobs == ["network"])
        let message =
            "f:2: job 'network' is left out: none of its options is a command that can be used, and "
            + "'service network restart' may not be what is meant"
        #expect(findings.all(.fault).last?.message == ByteString(message))
        #expect(throws: Fault.self) { try settings(text) }
        // The copy in force keeps the job disabled.
        let copy = try settings("\(read.text)")
        #expect(copy.text == read.text && copy.disabledJobs == ["network"])
    }

    @Test func aJobThatIsNotEnabledNeedsNoCommand() throws {
        #expect(try settings("config job network\noption comand x\noption enabled 0").disabledJobs == ["network"])
    }

    /// The built-in job does not replace a faulty only job.
    @Test func theLastJobIsLeftOutToo() {
        var findings = Findings()
        let read = Settings("config job dnsmasq\noption comand x", file: "f", findings: &findings)
        #expect(read.jobs == [] && read.disabledJobs == ["dnsmasq"] && read.updater.job == "dnsmasq")
    }

    @Test func whatIsNotEnabledIsLeftOut() throws {
        let read = try settings(
            """
            config job a
                option enabled 0
            config job b
            config cname m
                list target x
                option enabled no
            config cname m2
                list target x
            """)
        #expect(read.jobs.map { $0.name } == ["b"] && read.disabledJobs == ["a"])
        #expect(read.aliases.map { $0.name } == ["m2"])
        // A change of an alias still requests job `a`, and the request is kept.
        #expect(read.updater.job == "a")
        // The built-in job exists only if the file has no job.
        #expect(try settings("config job a\noption enabled 0").jobs == [])
    }

    /// The output can be pasted into the settings file, although the mapping file is still read.
    @Test func showsTheAliasesOfTheMappingFileAsComments() throws {
        let scratch = Scratch()
        scratch.write("m", "arch maxwell\narch-wifi maxwell\n")
        let text = "config updater\n\toption mappings '\(scratch / "m")'\nconfig cname nas\n\tlist target box\n"
        let read = try Settings(file: ByteString(scratch.write("c", text)))
        #expect(read.aliases.count == 2)
        let shown = read.shown
        #expect("\(shown)".contains("\n# From \(scratch / "m"):\n#config cname\n#\toption name 'maxwell'\n"))
        let pasted = try Settings(file: ByteString(scratch.write("c", "\(shown)\n")))
        #expect(pasted.text == read.text && pasted.shown == shown)
    }

    @Test func readsJobsOfTheCommandLine() throws {
        func read(_ argument: ByteString) throws -> Job {
            var findings = Findings()
            let call = try Call(Arguments(["--job", argument], valued: ["--job"]), of: "debounced")
            return try call.settings(findings: &findings).jobs[0]
        }
        let job = try read("a_1=echo a=b")
        #expect(job.name == "a_1" && job.command == "echo a=b" && job.quiet == .seconds(10))
        for wrong in ["a", "a-1=b", "=b", "a=", "a/b=c", "../a=c", "a=b\nc", ""] {
            #expect(throws: Fault.self) { try read(ByteString(wrong)) }
        }
    }

    /// A start leaves out faulty options, and reports each fault.
    @Test func leavesOutWhatIsFaulty() throws {
        let scratch = Scratch()
        scratch.write("m", "arch maxwell\nx\nb,c maxwell\narch nas\n")
        let text = """
            config job 'a'
                option command 'true'
                option quiet '5x'
                option timeout '7'
                option what '1'
            config job 'b-c'
            config frob
            config updater
                option job 'nosuch'
                option domain '#'
                option mappings '\(scratch / "m")'
            config cname 'n'
                list target 'x,y'
            config cname 'maxwell'
                list target 'other'
                list target 'other'
                option probe 'maybe'
            """
        let file = ByteString(scratch.write("c", text.replacing("config job 'b-c'\n", with: "")))
        var findings = Findings()
        let settings = try Settings(file: file, findings: &findings)
        #expect(settings.jobs.map { $0.name } == ["a"])
        #expect(settings.jobs[0].quiet == .seconds(10) && settings.jobs[0].timeout == .seconds(7))
        #expect(settings.updater.job == "a" && settings.updater.domain == nil)
        #expect(settings.aliases.map { $0.name } == ["maxwell", "nas"])
        #expect(settings.aliases[0].targets.map { $0.host } == ["other"] && settings.aliases[0].isProbed)
        let lines = findings.all.map { "\($0.place.line ?? 0)" }
        #expect(
            lines == ["3", "9", "12", "11", "16", "15", "8", "2", "3", "1", "5", "6"],
            "\(findings.all.map { $0.message })")
        #expect(throws: Fault(.settings, findings.all[0].message)) { try Settings(file: file) }
        // Reading ends at a fault that uci(1) would refuse.
        let broken = ByteString(scratch.write("c", text))
        findings = Findings()
        let cut = try Settings(file: broken, findings: &findings)
        #expect(cut.jobs == settings.jobs && cut.aliases.isEmpty && cut.updater.mappings == Settings().updater.mappings)
        #expect(findings.areIncomplete && findings.all.count == 3)
        #expect(findings.all[0].place == Place(broken, line: 6))
        #expect(findings.all[0].text.hasPrefix("a section's name is letters, digits and _"))
    }

    /// Everything before the faulty line holds. A job that the fault cuts off before its command is left out, since the
    /// command may follow.
    @Test(arguments: [
        ("config job a\noption quiet 1\noption command 'it's'\noption quiet 2\nconfig job b", 3, [], ["a"]),
        ("config job a\noption command true\noption quiet 'it's'\nconfig job b", 3, ["a true"], []),
        ("config job a\noption quiet 1\nconfig job 'b's'", 3, [], ["a"]),
        ("config job a\nconfig job b c", 2, ["a service a restart"], []),
        ("config job a\n\noption command 'x\0'", 3, [], ["a"]), ("config job a\nfrob\nconfig job b", 2, [], ["a"]),
        ("'", 1, ["dnsmasq service dnsmasq restart"], []),
    ])
    func aFaultOfTheFormCutsOffTheRest(text: String, line: Int, jobs: [String], disabled: [ByteString]) {
        var findings = Findings()
        let read = Settings("config cname m\noption target t\n" + ByteString(text), file: "f", findings: &findings)
        #expect(
            findings.areIncomplete && findings.all[0].place == Place("f", line: line + 2),
            "\(findings.all.map { $0.message })")
        #expect(read.jobs.map { "\($0.name) \($0.command)" } == jobs && read.disabledJobs == disabled)
        #expect(read.aliases.map { $0.name } == ["m"])
    }
}
