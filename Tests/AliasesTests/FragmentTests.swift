import Aliases
import Basics
import Configuration
import Leases
import Linux
import TestSupport
import Testing

@Suite struct FragmentTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func instance(_ name: String = "conf", domain: ByteString? = "lan") throws -> Instance {
        var settings = AliasSettings()
        settings.confdir = ByteString(scratch / name)
        settings.domain = domain
        return try #require(try Instance.all(settings, rendered: "/nonexistent", dhcp: "/nonexistent").first)
    }

    /// Every target is up.
    private func choices(_ mappings: String) throws -> [Choice] {
        var aliases: [Alias] = []
        try aliases.add(mappings: ByteString(mappings), file: "m")
        return try aliases.map {
            try $0.choice(leases: { [Lease(addresses: ["10.0.0.1"], hostName: $0)] }, answers: { _ in true })
        }
    }

    @Test func isTheSameInAnyOrder() throws {
        let text: ByteString = "cname=a,a.lan,x.lan\ncname=a-b,a-b.lan,y.lan\ncname=b,b.lan,x.lan"
        #expect(try Fragment(choices("x b\nx a\ny a-b"), for: instance()).text == text)
        #expect(try Fragment(choices("y a-b\nx a\nx b"), for: instance()).text == text)
        #expect(try Fragment([], for: instance()).text == "")
        #expect(
            try Fragment(choices("x a"), for: instance(domain: "Example.ORG")).text
                == "cname=a,a.example.org,x.example.org")
    }

    /// dnsmasq does not start with "CNAME loop" or "duplicate CNAME".
    @Test(arguments: [
        ("a a", ""), ("b a\na b", ""), ("b a\nc b\na c", ""), ("a.lan a", "cname=a,a.lan,a.lan.lan"),
        ("x a\nx a.lan", "cname=a,a.lan,x.lan"),
        ("x a\ny a.b", "cname=a,a.lan,x.lan\ncname=a.b,a.b.lan,y.lan"), ("b a\nx b", "cname=b,b.lan,x.lan"),
    ])
    func leavesOutWhatKeepsDnsmasqFromStarting(mappings: String, text: String) throws {
        let fragment = try Fragment(choices(mappings), for: instance())
        #expect(fragment.text == ByteString(text))
        let file = scratch.write("test.conf", "\(fragment.text)\n")
        let checked = try run(["dnsmasq", "--port=0", "--conf-file=\(file)", "--pid-file", "--test"])
        #expect(checked.status == 0, "\(checked.output)")
    }

    @Test func isReplacedInOneStep() throws {
        let one = try Fragment(choices("x a"), for: instance())
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
        let none = try Fragment([], for: instance())
        try none.prepare()
        try none.put()
        #expect(contents(scratch / "conf/cname-updater.conf") == "")
        #expect(try one.current() == "")
    }
}

@Suite struct InstanceTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func found(_ files: [String: String], dhcp: String? = nil, _ settings: AliasSettings = AliasSettings())
        throws -> [String]
    {
        try run(["mkdir", "-p", scratch / "etc"])
        for (name, text) in files { scratch.write("etc/" + name, text) }
        if let dhcp { scratch.write("dhcp", dhcp) }
        return try Instance.all(
            settings, rendered: ByteString(scratch / "etc"), dhcp: ByteString(scratch / "dhcp")
        ).map { "\($0.confdir) \($0.domain)" }
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
                "dnsmasq.conf.guest": "conf-dir=/tmp/guest.d,.bak,*.orig\ndomain=guest.lan,10.0.0.0/24,local\n",
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
            try found(["dnsmasq.conf": "conf-dir=/tmp/x\n"], dhcp: "config dnsmasq\n option domain a\n") == ["/tmp/x a"]
        )
    }

    @Test func theSettingsWin() throws {
        var settings = AliasSettings()
        settings.confdir = "/tmp/own.d"
        let files = ["dnsmasq.conf.a": "conf-dir=/tmp/a.d\ndomain=a\n", "dnsmasq.conf.b": "conf-dir=/tmp/b.d\n"]
        #expect(try found(files, settings) == ["/tmp/own.d a"])
        settings.confdir = nil
        settings.domain = "own"
        #expect(try found(files, settings) == ["/tmp/a.d own", "/tmp/b.d own"])
    }
}
