import Basics
import Network
import TestSupport
import Testing

@testable import Dnsmasq

@Suite struct RenderedFileTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func file(_ text: String) -> RenderedFile {
        RenderedFile(path: "/var/etc/dnsmasq.conf.cfg01411c", text: ByteString(text))
    }

    @Test func readsAllValues() {
        let full = file(
            """
            # auto-generated
            port=53
            domain=LAN
            addn-hosts=/tmp/hosts
            hostsdir=/tmp/more
            hostsdir=/tmp/d/cname-updater.hosts
            dhcp-leasefile=/tmp/dhcp.leases
            conf-dir=/tmp/d,*.conf,.bak
            dhcp-range=set:lan,192.168.1.100,192.168.1.249,255.255.255.0,12h
            conf-dir=/tmp/other
            """)
        #expect(full.name == "cfg01411c" && full.path == "/var/etc/dnsmasq.conf.cfg01411c")
        #expect(full.confdir == "/tmp/d" && full.confdirFilter == ["*.conf", ".bak"])
        #expect(full.domain == "lan" && full.leaseFile == "/tmp/dhcp.leases")
        #expect(full.hosts == ["/tmp/hosts", "/tmp/more"])
        #expect(full.hasRanges && full.readsEtcHosts && !full.port0)
        let bare = file("no-hosts\nport=0\ndhcp-range=frob\n")
        #expect(bare.confdir.isEmpty && bare.domain.isEmpty && bare.leaseFile.isEmpty && bare.hosts.isEmpty)
        #expect(!bare.hasRanges && !bare.readsEtcHosts && bare.port0 && bare.reads("a"))
    }

    /// Drafts, folders, and files of other names.
    @Test func passesOverDrafts() throws {
        for name in ["dnsmasq.conf.main", "dnsmasq.conf.main.4711", "dnsmasq.conf", "dnsmasq.conf.", "other.conf.a"] {
            scratch.write(name, "conf-dir=/tmp/\(name)\n")
        }
        try run(["mkdir", scratch / "dnsmasq.conf.folder"])
        let found = try RenderedFile.all(in: ByteString(scratch.path))
        #expect(found.map { $0.name } == ["main"] && found[0].confdir == "/tmp/dnsmasq.conf.main")
        #expect(RenderedFile(ByteString(scratch / "dnsmasq.conf.gone")) == nil)
        #expect(RenderedFile(ByteString(scratch / "dnsmasq.conf.main"))?.name == "main")
    }

    /// dnsmasq itself reads each conf-dir: a file that it reads stops it.
    @Test(arguments: [
        "", ",.bak", ",*.conf", ",*.conf,.bak", ",*", ",", ",*,*.conf", ", *.conf , ,.bak", ",*.conf,*.bak",
    ])
    func readsWhatDnsmasqReads(filter: String) throws {
        let names = ["a", "a.conf", "a.bak", ".conf", ".bak.conf", "a~", "#a#", "#", "#.conf", "a.bak.conf", "a.conf~"]
        for name in names {
            let folder = scratch / "d\(names.firstIndex(of: name)!)"
            try run(["mkdir", "-p", folder])
            scratch.write("d\(names.firstIndex(of: name)!)/\(name)", "frob\n")
            let line = "conf-dir=\(folder)\(filter)"
            let main = scratch.write("main", line + "\n")
            let stops = try run(["dnsmasq", "--test", "--conf-file=\(main)"]).status != 0
            #expect(file(line).reads(ByteString(name)) == stops, "\(name)")
        }
    }

    @Test func aNetworkHasADomainOfItsOwn() {
        let domains = file(
            """
            domain=IoT.lan,192.168.2.0/24,local
            domain=lan.
            domain=guest.lan,10.0.0.10,10.0.0.99
            domain=one.lan,10.0.0.5
            domain=six.lan,fd00:1::5/64
            domain=narrow.lan,192.168.2.77/30
            domain=#
            domain=#,10.0.0.5
            domain=br.lan,br-lan
            domain=-no,10.0.0.5
            domain=mixed.lan,10.0.0.5,fd00::1
            domain=long.lan,10.0.0.0/33
            domain=no..name
            """
        ).domains
        #expect(
            domains.map { $0.name } == ["iot.lan", "lan", "guest.lan", "one.lan", "six.lan", "narrow.lan"])
        let expected: [(Address, ByteString)] = [
            ("192.168.2.0", "iot.lan"), ("192.168.2.255", "iot.lan"), ("192.168.3.0", "lan"), ("192.168.1.255", "lan"),
            ("10.0.0.9", "lan"), ("10.0.0.10", "guest.lan"), ("10.0.0.99", "guest.lan"), ("10.0.0.100", "lan"),
            ("10.0.0.5", "one.lan"), ("fd00:1::", "six.lan"), ("fd00:1::ffff:ffff:ffff:ffff", "six.lan"),
            ("fd00:1:0:1::", "lan"), ("192.168.2.75", "iot.lan"), ("192.168.2.76", "narrow.lan"),
            ("192.168.2.79", "narrow.lan"), ("192.168.2.80", "iot.lan"), ("fd00:1::/64", "lan"),
        ]
        for (address, name) in expected { #expect(domains.name(for: address) == name, "\(address)") }
        #expect(domains.name(for: nil) == "lan" && [Domain]().name(for: "10.0.0.1") == "")
        #expect(file("domain=a\ndomain=b\ndomain=c,10.0.0.0/8\n").domain == "b", "the last line holds")
        #expect([Domain("all.lan,0.0.0.0/0")!].name(for: "255.255.255.255") == "all.lan")
    }
}
