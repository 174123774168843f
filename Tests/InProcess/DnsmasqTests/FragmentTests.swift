import Basics
import Configuration
import Linux
import Network
import TestSupport
import Testing

@testable import Dnsmasq

@Suite struct FragmentTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func domains(_ values: [String]) -> [Domain] { values.compactMap { Domain(ByteString($0)) } }

    /// Every target is up, so each alias leads to its first target.
    private func entries(
        _ mappings: String, _ domains: [String] = ["lan"], _ addresses: [Address] = ["10.0.0.1"],
        cnames: [String: ByteString] = [:]
    ) -> [AliasEntry] {
        var findings = Findings()
        let aliases = MappingFile.aliases(in: ByteString(mappings), file: "m", findings: &findings)
        #expect(findings.all == [])
        return aliases.map { alias in
            let entry = AliasEntry(
                alias.name, to: alias.targets[0].host, in: self.domains(domains), addresses: addresses, others: [])
            entry.omit(
                isAlias: { name in aliases.contains { $0.name.text == name } },
                cnameAt: { cnames["\($0)"] })
            return entry
        }
    }

    private func text(_ entries: [AliasEntry]) -> ByteString { Publisher.cname.text(entries, in: "/tmp/d") }

    @Test func isTheSameInAnyOrder() {
        let all: ByteString = "cname=a,a.lan,x.lan\ncname=a-b,a-b.lan,y.lan\ncname=b,b.lan,x.lan"
        #expect(text(entries("x b\nx a\ny a-b")) == all)
        #expect(text(entries("y a-b\nx a\nx b")) == all)
        #expect(text([]) == "")
        #expect(text(entries("x a", ["Example.ORG"])) == "cname=a,a.example.org,x.example.org")
    }

    /// A target has the domain of its address's network; an alias has the instance's domain.
    @Test func aTargetIsInTheDomainOfItsNetwork() {
        let both = ["iot.lan,192.168.2.0/24", "lan", "six.lan,fd00:2::/64"]
        func line(_ addresses: [Address], _ domains: [String] = both) -> ByteString {
            text(entries("x a", domains, addresses))
        }
        #expect(line(["192.168.2.7"]) == "cname=a,a.lan,x.iot.lan")
        #expect(line(["192.168.3.7"]) == "cname=a,a.lan,x.lan")
        #expect(line(["fd00:2::7"]) == "cname=a,a.lan,x.six.lan")
        #expect(line(["fd00:2::7", "192.168.2.7", "192.168.3.7"]) == "cname=a,a.lan,x.iot.lan", "the first IPv4")
        #expect(line([]) == "cname=a,a.lan,x.lan")
        // Only the bare names exist without a domain.
        #expect(line(["192.168.2.7"], []) == "cname=a,x")
        #expect(line(["192.168.2.7"], ["iot.lan,192.168.2.0/24"]) == "cname=a,x.iot.lan")
        #expect(line(["192.168.3.7"], ["iot.lan,192.168.2.0/24"]) == "cname=a,x")
    }

    @Test func anAliasThatLeadsNowhereHasNoLine() {
        let entry = AliasEntry("a", to: nil, in: domains(["lan"]), addresses: ["10.0.0.1"], others: ["10.0.0.2"])
        entry.omit(isAlias: { _ in true }, cnameAt: { _ in "f:1" })
        #expect(entry.line == nil && entry.omission == nil && text([entry]) == "")
        #expect(entry.addresses.isEmpty && entry.others.isEmpty && !entry.isPublished)
    }

    /// dnsmasq refuses to start on a "CNAME loop" or a "duplicate CNAME".
    @Test(arguments: [
        ("a a", ""), ("b a\na b", ""), ("b a\nc b\na c", ""), ("a.lan a", "cname=a,a.lan,a.lan.lan"),
        ("x a\nx a.lan", "cname=a,a.lan,x.lan"), ("x lan\ny a", "cname=a,a.lan,y.lan\ncname=lan,lan.lan,x.lan"),
        ("x a\ny a.b", "cname=a,a.lan,x.lan\ncname=a.b,a.b.lan,y.lan"), ("b a\nx b", "cname=b,b.lan,x.lan"),
        ("x a\nx a.lan\nx a.lan.lan", "cname=a,a.lan,x.lan"),
    ])
    func leavesOutWhatKeepsDnsmasqFromStarting(mappings: String, lines: String) throws {
        try expect(entries(mappings), lines)
    }

    /// The targets are in another domain than the aliases.
    @Test(arguments: [
        ("a a", ""), ("a a.iot", ""), ("a b.iot\nb a.iot", ""), ("b a\nx b.iot", "cname=b.iot,b.iot.lan,x.iot.lan"),
        ("b a.iot\nx b.iot", "cname=b.iot,b.iot.lan,x.iot.lan"), ("a.iot a", "cname=a,a.lan,a.iot.iot.lan"),
        ("a a.iot.lan", ""), ("x a.iot.lan", "cname=a.iot.lan,a.iot.lan.lan,x.iot.lan"),
    ])
    func leavesOutTheSameInOtherDomains(mappings: String, lines: String) throws {
        try expect(entries(mappings, ["lan", "iot.lan,10.0.0.0/8"]), lines)
    }

    @Test(arguments: [
        ("a a", ""), ("b a\na b", ""), ("a.lan a\nx a.lan", "cname=a.lan,x"),
        ("x a\nx a.lan", "cname=a,x\ncname=a.lan,x"),
    ])
    func leavesOutTheSameWithoutADomain(mappings: String, lines: String) throws {
        try expect(entries(mappings, []), lines)
    }

    private func expect(_ entries: [AliasEntry], _ lines: String) throws {
        let text = text(entries)
        #expect(Fragment.directives(in: text) == ByteString(lines))
        #expect(text.lines.count == entries.count, "a comment for each that is left out")
        let file = scratch.write("test.conf", "\(text)\n")
        let checked = try run(["dnsmasq", "--port=0", "--conf-file=\(file)", "--pid-file", "--test"])
        #expect(checked.status == 0, "\(checked.output)")
    }

    @Test func saysWhyAnAliasIsLeftOut() {
        let entries = entries(
            "a a\nx b\nx b.lan\nx c\nx d\ny e", cnames: ["c.lan": "/etc/f:3", "d": "g:1", "y.lan": "h:2"])
        #expect(
            text(entries) == """
                #a is left out: its target is an alias itself
                #b.lan is left out: it is another alias with the domain
                #c is left out: 'c.lan' is a CNAME at /etc/f:3
                #d is left out: 'd' is a CNAME at g:1
                #e is left out: 'y.lan' is a CNAME at h:2
                cname=b,b.lan,x.lan
                """)
        #expect(entries.map { $0.omission == nil } == [false, true, false, false, false, false])
    }

    /// The changes become the events in the ledger.
    @Test(arguments: [
        ("", "x a", ["a: none to x"]), ("x a", "x a", []), ("x a", "", ["a: x to none"]),
        ("x a\nx a-b\nx c", "y a\nx a-b\nx b", ["a: x to y", "b: none to x", "c: x to none"]),
        (
            "x b\nx d", "x a\nx c\nx e",
            ["a: none to x", "b: x to none", "c: none to x", "d: x to none", "e: none to x"]
        ),
        ("x a\nx b", "x a\nb b", ["b: x to none"]),
    ])
    func saysWhichAliasesLeadElsewhere(old: String, new: String, changes: [String]) {
        for domain in [["lan"], []] {
            let (old, new) = (text(entries(old, domain)), text(entries(new, domain)))
            let found = Fragment.changes(from: old, to: new, domain: domain.isEmpty ? "" : "lan")
            #expect(found.map { "\($0)" } == changes)
        }
        // Another program may have written anything into the fragment.
        let new = text(entries(new))
        for hostile: ByteString in ["#\n,\ncname=", "cname", "cname=,", "\n\n"] {
            #expect(Fragment.changes(from: hostile, to: new, domain: "lan").count >= new.lines.count - 1, "\(hostile)")
        }
    }

    @Test func namesNoAliasesIfAFolderHasThem() {
        #expect(Fragment.changes(from: "cname=a,a.lan,x.lan", to: "hostsdir=/tmp/d", domain: "lan") == [])
        #expect(Fragment.changes(from: "hostsdir=/tmp/d", to: "cname=a,a.lan,x.lan", domain: "lan") == [])
    }

    @Test func isReplacedInOneStep() throws {
        let fragment = Fragment(in: ByteString(scratch / "conf"))
        #expect(try fragment.text() == "")
        try fragment.prepare("cname=a,a.lan,x.lan")
        #expect(try Files.names(in: ByteString(scratch / "conf")) == [], "dnsmasq passes over what starts with a dot")
        #expect(try Files.names(in: ByteString(scratch / "conf"), hidden: true).count == 1)
        try fragment.install()
        #expect(contents(scratch / "conf/cname-updater.conf") == "cname=a,a.lan,x.lan")
        #expect(try fragment.text() == "cname=a,a.lan,x.lan")
        #expect(try Files.names(in: ByteString(scratch / "conf"), hidden: true).count == 1)
        #expect(
            try run(["stat", "-c", "%a", scratch / "conf", scratch / "conf/cname-updater.conf"]).output == "755\n644")
        try fragment.prepare("")
        try fragment.install()
        #expect(contents(scratch / "conf/cname-updater.conf") == "")
        #expect(try fragment.text() == "")
    }

    @Test func aFolderInItsPlaceIsAFault() throws {
        try run(["mkdir", "-p", scratch / "conf/cname-updater.conf"])
        #expect(throws: Fault.self) { try Fragment(in: ByteString(scratch / "conf")).text() }
    }
}
