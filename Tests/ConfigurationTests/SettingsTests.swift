import Basics
import Configuration
import Debounce
import TestSupport
import Testing

private func settings(_ text: String) throws -> Settings {
    try Settings(ByteString(text), file: "f")
}

@Suite struct SettingsTests {
    @Test func hasDefaults() throws {
        let job = Settings().jobs[0]
        #expect(Settings().jobs.count == 1)
        #expect(job.name == "dnsmasq" && job.command == "service dnsmasq restart")
        #expect(job.quiet == .seconds(10) && job.maxWait == .zero && job.timeout == .seconds(60))
        #expect(Settings().updaterJob == "dnsmasq")
        #expect(try settings("") == Settings())
        #expect(try settings("config job dnsmasq") == Settings())
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
                option request 'auto'
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
        #expect(read.updaterJob == "other")
    }

    @Test func theFirstJobIsTheUpdaters() throws {
        #expect(try settings("config job a\nconfig job b").updaterJob == "a")
    }

    @Test func writesWhatItReads() throws {
        let read = try settings("config job a\noption command \"it's \\\"x\\\" \\\\\"\noption quiet .5\nconfig job b")
        #expect(try Settings(read.text, file: "f") == read)
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
            "config job a\noption quite 1",
            "f:2: option 'quite': allowed are command, quiet, max_wait, timeout, retries, max_interval"
        ),
        ("config job a\noption command 'b\n'", "f:2: command 'b?': allowed is one line for /bin/sh"),
        ("config job a\noption command 'a\nb'", "f:2: command 'a?b': allowed is one line for /bin/sh"),
        ("config job a\noption retries many", "f:2: retries 'many': allowed is a whole number from 0 to 100"),
        ("config job a\nlist quiet 1\nlist quiet 2", "f:3: 'quiet' has one value: option quiet 'VALUE', not a list"),
        (
            "config job",
            "f:1: a job needs a name of at most 63 letters, digits, - and _: config job 'NAME'"
        ),
        ("\nconfig jobs a", "f:2: section 'jobs': allowed are job, updater, cname"),
        ("config updater\noption job b", "f:2: no job 'b', there are: dnsmasq"),
        (
            "config updater\noption jobs b",
            "f:2: option 'jobs': allowed are job, request, confdir, domain, mappings"
        ),
    ])
    func saysWhatIsWrongAndWhatIsAllowed(text: String, message: String) {
        #expect(throws: Fault(.settings, ByteString(message))) { try settings(text) }
    }

    @Test func readsJobsOfTheCommandLine() throws {
        let job = try Job(argument: "a-1=echo a=b")
        #expect(job.name == "a-1" && job.command == "echo a=b" && job.quiet == .seconds(10))
        for wrong in ["a", "=b", "a=", "a/b=c", "../a=c", "a=b\nc", ""] {
            #expect(throws: Fault.self) { try Job(argument: ByteString(wrong)) }
        }
    }
}
