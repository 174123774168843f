import Basics
import TestSupport
import Testing

@testable import Configuration

private func settings(_ text: String) throws -> Settings {
    try Settings(ByteString(text), file: "f")
}

private func mapped(_ text: String, to settings: Settings? = nil) throws -> [Alias] {
    var all = settings ?? Settings()
    var findings = Findings()
    all.add(MappingFile.aliases(in: ByteString(text), file: "m", findings: &findings), findings: &findings)
    try findings.refuseFaults()
    return all.aliases
}

/// `name: host(system) host(system)`
private func words(_ aliases: [Alias]) -> [String] {
    aliases.map { alias in
        "\(alias.name): " + alias.targets.map { "\($0.host)(\($0.system))" }.joined(separator: " ")
    }
}

@Suite struct AliasTests {
    @Test func readsSections() throws {
        let read = try settings(
            """
            config cname 'Maxwell'
                list target 'Maxwell-Arch'
                list target 'maxwell-arch-wifi'
                list target 'maxwell-bigsur'
                option probe '0'
            config cname
                option name 'the-box'
                option target 'box Linux'
            """)
        #expect(
            words(read.aliases) == [
                "maxwell: maxwell-arch(maxwell-arch) maxwell-arch-wifi(maxwell-arch) maxwell-bigsur(maxwell-bigsur)",
                "the-box: box(linux)",
            ])
        #expect(read.aliases.map { $0.isProbed } == [false, true])
        #expect(read.aliases.map { $0.place.text } == ["f:1", "f:7"])
    }

    @Test func readsAMappingFile() throws {
        let read = try mapped(
            """
            # preferred first
            Arch Maxwell   # wired

            \tbox nas\tNAS\r
            arch-wifi maxwell
            bigsur maxwell mac
            """)
        #expect(words(read) == ["maxwell: arch(arch) arch-wifi(arch) bigsur(mac)", "nas: box(nas)"])
        #expect(read.map { $0.place.text } == ["m:2", "m:4"])
        #expect(try mapped("").isEmpty)
        #expect(try mapped("#\n \n\n").isEmpty)
    }

    /// `a-b` belongs to the system of `a`, unless the settings name another system.
    @Test(arguments: [
        ("a b", "a(a) b(b)"), ("a a-b a-b-c", "a(a) a-b(a) a-b-c(a)"), ("a-b-c a-b a", "a-b-c(a) a-b(a) a(a)"),
        ("a-b a-c", "a-b(a-b) a-c(a-c)"), ("a ab a.b", "a(a) ab(ab) a.b(a.b)"),
        ("a=s a-b", "a(s) a-b(s)"), ("a a-b=s", "a(a) a-b(s)"), ("a-b a=s a-c=t", "a-b(s) a(s) a-c(t)"),
    ])
    func namesSystems(targets: String, expected: String) throws {
        let lines = targets.split(separator: " ").map { target in
            let words = target.split(separator: "=")
            return "\(words[0]) m \(words.count == 2 ? words[1] : "")"
        }
        #expect(try words(mapped(lines.joined(separator: "\n"))) == ["m: " + expected])
    }

    @Test(arguments: [
        ("config cname", "f:1: '': not a host name"),
        ("\nconfig cname a", "f:2: alias 'a' has no target: list target 'HOST'"),
        ("config cname a\n option name 'a,b'\n option target b", "f:2: 'a,b': not a host name"),
        ("config cname a\n option name 'x\ny'\n option target b", "f:2: 'x?y': not a host name"),
        ("config cname a\n option name '../../etc/x'\n option target b", "f:2: '../../etc/x': not a host name"),
        ("config cname a\n list target '-x'", "f:2: target '-x': allowed are a host name, and its system's name"),
        ("config cname a\n list target 'x\ny'", "f:2: target 'x?y': allowed are a host name, and its system's name"),
        ("config cname a\n list target 'b c d'", "f:2: target 'b c d': allowed are a host name, and its system's name"),
        ("config cname a\n list target ' '", "f:2: target '': allowed are a host name, and its system's name"),
        ("config cname a\n list target 'b ,'", "f:2: target 'b ,': allowed are a host name, and its system's name"),
        ("config cname a\n list target b\n list target B", "f:3: target 'b' occurs twice for 'a'"),
        (
            "config cname a\n option target b\nconfig cname\n option name A\n option target c",
            "f:4: alias 'a' is already set at f:1"
        ),
        ("config cname a\n option target b\n option probe 2", "f:3: probe '2': allowed are 0 and 1"),
        ("config updater\n option request never", "f:2: request 'never': allowed are alias and lease"),
        (
            "config updater\n option confdir tmp/d",
            "f:2: confdir 'tmp/d': allowed is an absolute path, such as /tmp/dnsmasq.d"
        ),
        (
            "config updater\n option confdir '/tmp/a b'",
            "f:2: confdir '/tmp/a b': allowed is an absolute path, such as /tmp/dnsmasq.d"
        ),
        ("config updater\n option domain '#'", "f:2: domain '#': allowed is a domain, such as lan"),
        ("config updater\n option domain 'lan,x'", "f:2: domain 'lan,x': allowed is a domain, such as lan"),
        ("config updater\n option mappings m", "f:2: mappings 'm': allowed is an absolute path"),
    ])
    func saysWhatIsWrong(text: String, message: String) {
        #expect(throws: Fault(.settings, ByteString(message))) { try settings(text) }
    }

    @Test(arguments: [
        ("a", "m:1: 'a': a line is TARGET ALIAS [SYSTEM]"),
        ("\na b c d", "m:2: 'a b c d': a line is TARGET ALIAS [SYSTEM]"),
        ("a#b c", "m:1: 'a#b c': a line is TARGET ALIAS [SYSTEM]"),
        ("a ../../etc/x", "m:1: '../../etc/x': not a host name"),
        ("a b,c", "m:1: 'b,c': not a host name"),
        ("a,b c", "m:1: target 'a,b': allowed are a host name, and its system's name"),
        ("-a b", "m:1: target '-a': allowed are a host name, and its system's name"),
        ("a b c/d", "m:1: target 'a c/d': allowed are a host name, and its system's name"),
        ("a\u{0} b", "m:1: target 'a?': allowed are a host name, and its system's name"),
        ("a b\na\tB", "m:2: target 'a' occurs twice for 'b'"),
        (String(repeating: "a", count: 64) + " b", "m:1: target '"),
        ("x set", "m:1: alias 'set' is already set at f:1"),
    ])
    func saysWhatIsWrongInAMappingFile(text: String, message: String) throws {
        let before = try settings("config cname set\n option target t")
        do {
            _ = try mapped(text, to: before)
            Issue.record("no fault")
        } catch let fault as Fault {
            #expect(fault.code == .settings)
            #expect("\(fault.message)".hasPrefix(message), "\(fault.message)")
        }
    }

    @Test func readsTheUpdatersSettings() throws {
        let initial = try settings("").updater
        #expect(initial == Settings().updater)
        #expect(initial.mappings == "/etc/cname_mappings" && initial.confdir == nil && initial.domain == nil)
        let read = try settings(
            "config updater\n option confdir /tmp/d\n option domain Example.ORG\n option mappings /m\n option job j\n"
                + "config job j"
        ).updater
        #expect(read.confdir == "/tmp/d" && read.domain == "example.org" && read.mappings == "/m")
    }

    @Test func readsBothFiles() throws {
        let scratch = Scratch()
        let config = ByteString(scratch.write("c", "config updater\n option mappings \(scratch / "m")\n"))
        #expect(try Settings(file: config).aliases.isEmpty)
        scratch.write("m", "a b\n")
        #expect(try words(Settings(file: config).aliases) == ["b: a(a)"])
        scratch.write("m", "a\n")
        let place = ByteString(scratch / "m")
        #expect(throws: Fault(.settings, place + ":1: 'a': a line is TARGET ALIAS [SYSTEM]")) {
            try Settings(file: config)
        }
        try run(["rm", scratch / "m"])
        try run(["mkdir", scratch / "m"])
        #expect { try Settings(file: config) } throws: { ($0 as? Fault)?.code == .settings }
    }
}
