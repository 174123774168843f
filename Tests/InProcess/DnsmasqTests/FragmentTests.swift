import Basics
import Dnsmasq
import Linux
import TestSupport
import Testing

@testable import Configuration

@Suite struct FragmentTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func instance(_ name: String = "conf", domain: String = "lan") throws -> Instance {
        let text = "config updater\noption confdir \(scratch / name)\noption domain \(domain)"
        let settings = try Settings(ByteString(text), file: "f")
        return Instance.all(settings.updater, [], fallback: { "none" })[0]
    }

    /// Every target is up, so each alias leads to its first.
    private func fragment(_ mappings: String, for instance: Instance) throws -> Fragment {
        var findings = Findings()
        let aliases = MappingFile.aliases(ByteString(mappings), file: "m", &findings)
        #expect(findings.all == [])
        let fragment = Fragment(for: instance) { name in aliases.contains { $0.name.text == name } }
        for alias in aliases { try fragment.add(alias.name, to: alias.targets[0].host) }
        return fragment
    }

    @Test func isTheSameInAnyOrder() throws {
        let text: ByteString = "cname=a,a.lan,x.lan\ncname=a-b,a-b.lan,y.lan\ncname=b,b.lan,x.lan"
        #expect(try fragment("x b\nx a\ny a-b", for: instance()).text == text)
        #expect(try fragment("y a-b\nx a\nx b", for: instance()).text == text)
        #expect(try fragment("", for: instance()).text == "")
        #expect(
            try fragment("x a", for: instance(domain: "Example.ORG")).text
                == "cname=a,a.example.org,x.example.org")
    }

    /// For the ledger: who asks for the restart, and why.
    @Test(arguments: [
        ("", "x a", ["a: none to x, why"]), ("x a", "x a", []), ("x a", "", ["a: x to none, why"]),
        ("x a\nx a-b\nx c", "y a\nx a-b\nx b", ["a: x to y, why", "b: none to x, why", "c: x to none, why"]),
        (
            "x b\nx d", "x a\nx c\nx e",
            [
                "a: none to x, why", "b: x to none, why", "c: none to x, why", "d: x to none, why", "e: none to x, why",
            ]
        ),
    ])
    func saysWhichAliasesLeadElsewhere(old: String, new: String, changes: [String]) throws {
        let old = try fragment(old, for: instance()).text
        let found = try fragment(new, for: instance()).changes(since: old, because: "why")
        #expect(found.map { "\($0)" } == changes)
        // Whatever somebody else wrote there.
        #expect(try fragment(new, for: instance()).changes(since: "#\n,\ncname=", because: "why").count >= 1)
    }

    /// dnsmasq does not start with "CNAME loop" or "duplicate CNAME".
    @Test(arguments: [
        ("a a", ""), ("b a\na b", ""), ("b a\nc b\na c", ""), ("a.lan a", "cname=a,a.lan,a.lan.lan"),
        ("x a\nx a.lan", "cname=a,a.lan,x.lan"),
        ("x a\ny a.b", "cname=a,a.lan,x.lan\ncname=a.b,a.b.lan,y.lan"), ("b a\nx b", "cname=b,b.lan,x.lan"),
    ])
    func leavesOutWhatKeepsDnsmasqFromStarting(mappings: String, text: String) throws {
        let fragment = try fragment(mappings, for: instance())
        #expect(fragment.text == ByteString(text))
        let file = scratch.write("test.conf", "\(fragment.text)\n")
        let checked = try run(["dnsmasq", "--port=0", "--conf-file=\(file)", "--pid-file", "--test"])
        #expect(checked.status == 0, "\(checked.output)")
    }

    @Test func isReplacedInOneStep() throws {
        let one = try fragment("x a", for: instance())
        #expect(try one.current() == "")
        try one.prepare()
        #expect(try Files.names(in: ByteString(scratch / "conf")) == [], "dnsmasq passes over what starts with a dot")
        #expect(try Files.names(in: ByteString(scratch / "conf"), hidden: true).count == 1)
        try one.put()
        #expect(contents(scratch / "conf/cname-updater.conf") == "cname=a,a.lan,x.lan")
        #expect(try one.current() == one.text)
        #expect(try Files.names(in: ByteString(scratch / "conf"), hidden: true).count == 1)
        #expect(
            try run(["stat", "-c", "%a", scratch / "conf", scratch / "conf/cname-updater.conf"]).output == "755\n644")
        let none = try fragment("", for: instance())
        try none.prepare()
        try none.put()
        #expect(contents(scratch / "conf/cname-updater.conf") == "")
        #expect(try one.current() == "")
    }
}

@Suite struct InstanceTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func found(_ files: [String: String], dhcp: String? = nil, _ settings: String = "") throws -> [String] {
        try run(["mkdir", "-p", scratch / "etc"])
        for (name, text) in files { scratch.write("etc/" + name, text) }
        if let dhcp { scratch.write("dhcp", dhcp) }
        let updater = try Settings(ByteString("config updater\n" + settings), file: "f").updater
        return try Instance.all(updater, RenderedFile.all(in: ByteString(scratch / "etc"))) {
            (try? Reservations(file: ByteString(scratch / "dhcp")))?.domain ?? "lan"
        }.map { "\($0.confdir) \($0.domain)" }
    }

    @Test func readsWhatTheInstancesWereGiven() throws {
        #expect(
            try found([
                "dnsmasq.conf.cfg01411c": """
                # auto-generated
                conf-file=/etc/dnsmasq.conf
                domain=LAN
                #domain=no
                conf-dir=/tmp/dnsmasq.cfg01411c.d
                user=dnsmasq
                """,
                "dnsmasq.conf.guest":
                    "conf-dir=/tmp/guest.d,.bak,*.orig\ndomain=guest.lan\ndomain=iot.lan,10.0.0.0/24,local\n",
                "dnsmasq.conf.third": "conf-dir=/tmp/third.d\ndomain=#\n",
                "dnsmasq.conf.same": "conf-dir=/tmp/guest.d\ndomain=other\n",
                "dnsmasq.conf.nowhere": "domain=nowhere\n", "other.conf": "conf-dir=/tmp/other.d\n",
            ]) == ["/tmp/dnsmasq.cfg01411c.d lan", "/tmp/guest.d guest.lan", "/tmp/third.d lan"])
    }

    @Test func hasDefaults() throws {
        #expect(try found([:]) == ["/tmp/dnsmasq.d lan"])
        #expect(try found([:], dhcp: "config dnsmasq\n option domain 'Home.Arpa'\n") == ["/tmp/dnsmasq.d home.arpa"])
        #expect(try found([:], dhcp: "config dnsmasq\n option domain '#'\n") == ["/tmp/dnsmasq.d lan"])
        #expect(try found([:], dhcp: "option '") == ["/tmp/dnsmasq.d lan"])
        #expect(
            try found(["dnsmasq.conf.c": "conf-dir=/tmp/x\n"], dhcp: "config dnsmasq\n option domain a\n")
                == ["/tmp/x a"])
    }

    @Test func theSettingsWin() throws {
        let files = ["dnsmasq.conf.a": "conf-dir=/tmp/a.d\ndomain=a\n", "dnsmasq.conf.b": "conf-dir=/tmp/b.d\n"]
        #expect(try found(files, "option confdir /tmp/own.d") == ["/tmp/own.d a"])
        #expect(try found(files, "option domain own") == ["/tmp/a.d own", "/tmp/b.d own"])
    }
}
