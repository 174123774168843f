import Basics
import Linux
import TestSupport
import Testing

@testable import Configuration

/// The copy of the settings that start or reload took over.
@Suite struct SettingsInForceTests {
    private let scratch = Scratch(in: "/dev/shm")
    private let places: Places

    init() {
        let config: [ByteString] = ["--config", ByteString(scratch / "config")]
        var places = try! Places(Arguments(config, valued: ["--config"]))
        places.daemon = ByteString(scratch / "run")
        places.updater = ByteString(scratch / "leases")
        self.places = places
    }

    private var place: String { "config updater\n option mappings \(scratch / "mappings")\n" }

    private func inForce(takesOver: Bool = true) throws -> SettingsInForce {
        try SettingsInForce.read(places, takesOver: takesOver)
    }

    /// Returns aliases with two targets each, and one target that all aliases share.
    private func aliases(_ count: Int) -> String {
        (0..<count).map { "config cname a\($0)\n list target h\($0)\n list target h\($0)-wifi\n list target box\n" }
            .joined()
    }

    @Test func areTakenOverFromTheFileIfThereAreNone() throws {
        let settings = try inForce()
        #expect(settings.updater == Settings().updater)
        #expect(settings.all.text == Settings().text)
        #expect(contents(scratch / "run/settings") != nil)
    }

    /// A report does not put settings in force.
    @Test func areOnlyLookedAtByReports() throws {
        scratch.write("config", place + aliases(3))
        #expect(try inForce(takesOver: false).all.aliases.map { $0.name } == ["a0", "a1", "a2"])
        #expect(contents(scratch / "run/settings") == nil)
    }

    /// A typo is reported, and all valid options come into force.
    @Test func areThoseThatCanBeReadIfThereAreNone() throws {
        scratch.write(
            "config", place + "config job a\n option quiet 5x\n option timeout 7\nconfig cname m\n list target t\n")
        #expect(try inForce().isTarget("t"))
        #expect(try inForce().all.jobs[0].timeout == .seconds(7))
    }

    /// An apostrophe too many does not withdraw aliases at a start.
    @Test(arguments: [true, false]) func stayIfTheFileCantBeReadToItsEnd(areThere: Bool) throws {
        scratch.write("config", place + aliases(3) + "config job a\n option command true\n")
        if areThere { _ = try inForce() }
        scratch.write("config", place + aliases(1) + "config cname 'it's'\n list target 'h2'\n" + aliases(3))
        let (settings, log) = try Settings.forStart(places)
        #expect(settings.aliases.map { $0.name } == (areThere ? ["a0", "a1", "a2"] : ["a0"]))
        #expect(settings.jobs.map { $0.name } == (areThere ? ["a"] : ["dnsmasq"]))
        let first = try #require(log.first)
        let last = try #require(log.last)
        #expect(log.count == 2 && "\(first)".hasSuffix("/config:7: a quote is not closed"), "\(log)")
        #expect(
            "\(last)".hasSuffix(
                areThere
                    ? "the settings that were in force stay" : "only what could be read so far is in force"
            ))
        // An event, a request and `watch` behave like a start.
        #expect(try inForce().isTarget("h2") == areThere)
    }

    @Test func stayIfThereIsSomethingElseThanAFile() throws {
        scratch.write("config", place)
        scratch.write("mappings", "arch maxwell\n")
        _ = try inForce()
        try run(["sh", "-c", "rm $0; mkdir $0", scratch / "mappings"])
        let (settings, log) = try Settings.forStart(places)
        #expect(settings.aliases.map { $0.name } == ["maxwell"])
        #expect("\(log)".contains("mappings: is a folder") || "\(log)".contains("not a file"), "\(log)")
    }

    /// A faulty section of a readable file is left out by itself, and the copy does not count.
    @Test func areThoseOfTheFileIfItCanBeRead() throws {
        scratch.write("config", place + aliases(3))
        _ = try inForce()
        scratch.write("config", place + aliases(2) + "config cname b\n list target -x\n")
        let (settings, log) = try Settings.forStart(places)
        #expect(settings.aliases.count == 2 && "\(log[2])".hasSuffix("/config: what is faulty is left out"), "\(log)")
        #expect(log.count == 3)
    }

    @Test func areNotThoseOfTheFileUntilTheyAreTakenOver() throws {
        scratch.write("config", place + "config job a\n")
        let before = try inForce()
        scratch.write("config", place + "config job a\n option quiet 5\n")
        #expect(try inForce().digest == before.digest)
        scratch.write("config", "config job 'a\n")
        #expect(try inForce().digest == before.digest, "a typo changes nothing")
        scratch.write("config", place + "config job a\n option quiet 5\n")
        try Settings(file: places.config).takeOver(places)
        #expect(try inForce().digest != before.digest)
        #expect(try inForce().all.jobs[0].quiet == .seconds(5))
    }

    @Test func holdTheMappingFileToo() throws {
        scratch.write("config", place)
        scratch.write("mappings", "arch maxwell\nbigsur maxwell mac\n")
        let settings = try inForce()
        try run(["rm", scratch / "mappings"])
        let targets = settings.all.aliases[0].targets
        #expect(targets.map { "\($0.host) \($0.system)" } == ["arch arch", "bigsur mac"])
    }

    /// An event reads the updater's section and the aliases by themselves.
    @Test func areTheSameInParts() throws {
        scratch.write(
            "config",
            """
            \(place) option publish hosts
             option job other
             option confdir /tmp/d
            config cname Maxwell
             list target Arch-wifi
             list target arch
             list target 'bigsur mac'
             option probe off
            config cname gone
             list target arch
             option enabled 0
            config job other
             option command "echo 'config cname'"
            config cname
             option name dotted.name
             list target under_score
            """)
        scratch.write("mappings", "arch mapped\n")
        let settings = try inForce()
        #expect(settings.aliases.map { $0.text } == settings.all.aliases.map { $0.text })
        #expect(settings.aliases.map { $0.name } == ["maxwell", "dotted.name", "mapped"])
        #expect(settings.aliases.map { $0.isProbed } == [false, true, true])
        #expect(settings.updater == settings.all.updater && settings.updater.job == "other")
    }

    /// Finds each target, and no other name, among few or many.
    @Test(arguments: [0, 1, 2, 3, 10, 100, 1000])
    func findTargets(count: Int) throws {
        scratch.write("config", place + aliases(count))
        let settings = try inForce()
        for number in [0, 1, 2, count / 2, count - 1] where (0..<count).contains(number) {
            let alias: ByteString = "a\(number)"
            for host in ["h\(number)", "h\(number)-wifi"].map({ ByteString($0) }) {
                #expect(settings.isTarget(host))
            }
            #expect(!settings.isTarget(alias))
        }
        #expect(settings.isTarget("box") == (count > 0))
        for host in ["h", "h\(count)", "zzz", "0", "h0-wif", "h0-wifi-x", "bo"].map({ ByteString($0) }) {
            #expect(!settings.isTarget(host))
        }
        #expect(settings.leaseJob.isEmpty)
        #expect(settings.all.aliases.count == count)
    }

    @Test(arguments: [
        ("", false), ("config cname a\n option target b", false), ("config updater\n option request lease", true),
        ("config updater\n option request lease\nconfig cname a\n option target b", true),
        ("config updater\n option request alias", false),
    ])
    func askForLeasesOrForAliases(text: String, forLeases: Bool) throws {
        scratch.write("config", place + text)
        #expect(try inForce().leaseJob == (forLeases ? "dnsmasq" : ""))
    }

    /// An earlier version or another program may have left anything in the file.
    @Test(arguments: [
        "", "x", "# 0123456789abcdef 1 2", "# 0123456789abcdef 0000000900 0000000100 x\nconfig updater u\n",
    ])
    func areTakenOverAnewIfTheyCantBeRead(text: String) throws {
        scratch.write("config", place + "config job a\n")
        try run(["mkdir", "-m", "700", scratch / "run"])
        scratch.write("run/settings", text)
        #expect(try inForce().updater.job == "a")
    }
}

/// Settings are equal after they are written and read again.
@Suite struct ReadBackTests {
    private static let values: [String: [String]] = [
        "command": ["true", "o'brien", "a 'b' \"c\" \\ $d # e;f", "\ttab", "''", "é", "'"],
        "quiet": ["0", ".5", "10", "604800", "0.125"], "max_wait": ["0", "604800"], "timeout": ["0"],
        "retries": ["0", "100"],
        "max_interval": ["1.5"], "request": ["alias", "lease"], "publish": ["cname", "hosts"],
        "confdir": ["/tmp/d", "/a'b"],
        "domain": ["LAN", "a.b"], "mappings": ["/m"], "probe": ["0", "1", "on", "disabled"],
        "enabled": ["0", "1", "yes"],
    ]

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private func option(_ name: String, _ random: inout SeededGenerator) -> String {
        Bool.random(using: &random)
            ? "\toption \(name) \(Self.quoted(Self.values[name]!.randomElement(using: &random)!))\n" : ""
    }

    @Test func saysTheSame() throws {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            var text = ""
            for job in 0..<Int.random(in: 0...3, using: &random) {
                text += "config job j\(job)\n"
                for name in ["command", "quiet", "max_wait", "timeout", "retries", "max_interval", "enabled"] {
                    text += option(name, &random)
                }
            }
            text += "config updater\n"
            for name in ["request", "publish", "confdir", "domain", "mappings"] { text += option(name, &random) }
            for alias in 0..<Int.random(in: 0...3, using: &random) {
                text += "config cname\n\toption name 'A-\(alias)'\n" + option("probe", &random)
                text += option("enabled", &random)
                for target in 0...Int.random(in: 0...3, using: &random) {
                    text += "\tlist target 'T\(target)\(["", "-wifi", " Sys"].randomElement(using: &random)!)'\n"
                }
            }
            let read = try Settings(ByteString(text), file: "f")
            let again = try Settings(read.text, file: "f")
            #expect(again.text == read.text, "\(text)")
            #expect(again.jobs == read.jobs && again.updater == read.updater, "\(text)")
            func words(_ settings: Settings) -> [String] {
                settings.aliases.map { alias in
                    "\(alias.name) \(alias.isProbed) "
                        + alias.targets.map { "\($0.host)(\($0.system))" }.joined(separator: " ")
                }
            }
            #expect(words(again) == words(read), "\(text)")
        }
    }
}
