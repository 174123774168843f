import CLinux
import TestSupport
import Testing

/// The truth counts, with or without an event, and whichever program made the change.
@Suite(.ownThread) struct TruthTests {
    private static let alias = "config cname 'maxwell'\n    list target 'maxwell-arch'\n\n"

    // MARK: Lease files

    /// The usual advice when a new static lease does not take: stop dnsmasq, and remove the line.
    @Test(arguments: Extent.cases("hosts", "cname"))
    func aLeaseThatWentWithoutAnEventIsGone(publish: String) throws {
        let other = "4000000000 02:00:00:00:00:00 10.77.1.1 other *\n"
        let router = try Router(
            .new, quiet: "0.3", maxInterval: "0", aliases: Self.alias, publish: publish, known: other)
        let client = router.clients[0]
        try client.boot("maxwell-arch")
        try eventually("it leads there") { try router.resolve("maxwell.lan").last == client.address }
        _ = try router.linesUntilQuiet(with: "dnsmasq: run")
        try client.pull()
        let runs = Int(router.state("runs")!)!
        try router.restart("/ \(client.address) /d")
        let start = now()
        try eventually("it leads nowhere") { try router.resolve("maxwell.lan") == [] }
        print("\(publish), a lease that went without an event: right after \(Int((now() - start) * 1000)) ms")
        #expect(!router.events.contains { $0.hasPrefix("remove") })
        try eventually("its record goes") { contents(router.scratch / "updater/leases/\(client.hardware)") == nil }
        // The client comes back with a new address. The old address, which no event removed, is not shown.
        _ = try router.linesUntilQuiet(with: "dnsmasq: run")
        let old = client.address
        let end = Int(time(nil)) + 43200
        try router.restart("$a \(end) \(client.hardware) 10.77.0.99 * 01:\(client.hardware)")
        try client.boot("maxwell-arch")
        #expect(client.address == "10.77.0.99" && old != client.address)
        try eventually("it has the new address") { try router.resolve("maxwell.lan").last == client.address }
        #expect(try router.resolve("maxwell.lan").filter { $0.last != "." } == [client.address])
        _ = try router.linesUntilQuiet(with: "dnsmasq: run")
        #expect(router.state("runs") == (publish == "hosts" ? "0" : "\(runs + 2)"))
    }

    /// The same while dnsmasq runs: the file is written in place, without an event.
    @Test func aNewAddressWithoutAnEventReplacesTheOld() throws {
        let lease = "4000000000 02:00:00:00:00:00 10.77.1.1 maxwell-arch *\n"
        let router = try Router(
            .new, quiet: "0.3", maxInterval: "0", aliases: Self.alias, publish: "hosts", known: lease)
        try eventually("it leads there") { try router.resolve("maxwell.lan") == ["10.77.1.1"] }
        try router.restart("s/10.77.1.1 /10.77.1.2 /")
        try eventually("it has the new address alone") { try router.resolve("maxwell.lan") == ["10.77.1.2"] }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
    }

    // MARK: Hosts files

    /// An IPv6-only host of odhcpd: dnsmasq has no lease for it, and sends no event.
    @Test(arguments: Extent.cases("cname", "hosts"))
    func aNameInAHostsFileIsUp(publish: String) throws {
        let lan = try LAN(sections: "config updater\n    option publish \(publish)\n")
        let folder = lan.scratch / "odhcpd"
        try run(["mkdir", "-m", "755", folder])
        lan.configure("addn-hosts=\(folder)")
        try lan.restart()
        lan.scratch.write("draft", "fd00:0:0:1::20\tmaxwell-arch.lan\tmaxwell-arch\n")
        try run(["mv", lan.scratch / "draft", folder + "/odhcpd.hosts.lan"])
        try lan.inside(["sh", "-c", "kill -HUP $(cat /var/procd/lan.dnsmasq)"])
        try eventually("it has the address") {
            try lan.addresses("maxwell.lan", isIPv6: true) == ["fd00:0:0:1::20"]
        }
        let shown = try lan.inside(["cname-updater", "aliases"]).output
        #expect(shown.contains("a hosts file has its name"), "\(shown)")
        let check = try lan.inside(["cname-updater", "check"])
        #expect(check.status == 0, "\(check.output)")
        // The name is removed from the file, without an event.
        try run(["rm", folder + "/odhcpd.hosts.lan"])
        try lan.inside(["sh", "-c", "kill -HUP $(cat /var/procd/lan.dnsmasq)"])
        try eventually("it has none") { try lan.addresses("maxwell.lan", isIPv6: true) == [] }
    }

    // MARK: Other programs

    /// A CNAME in a file that the rendered one includes, and a restart by hand: dnsmasq ends at "duplicate CNAME".
    @Test func aClashThatAnotherProgramBringsIsMended() throws {
        let lan = try VerifyTests.served()
        let file = lan.scratch.write("more.conf", "")
        lan.configure("conf-file=" + file)
        let outage = try lan.watchDNS()
        lan.scratch.write("more.conf", "cname=maxwell.lan,nas.lan\nhost-record=nas.lan,10.0.0.8\n")
        let calls = lan.calls.count + 1
        try lan.restart()
        try eventually("dnsmasq answers") { try lan.resolve("maxwell.lan") == ["nas.lan.", "10.0.0.8"] }
        #expect(try outage.isShort("another program brings the name of an alias", pauses: 30))
        // One restart more, if the process that ends at the clash was seen while it still ran.
        #expect(lan.calls.count <= calls + 1)
        let place = "'maxwell.lan' is a CNAME at \(file):1"
        try eventually("the place is named") { lan.fragment() == "#maxwell is left out: \(place)" }
        let (status, output) = try lan.inside(["cname-updater", "check"])
        #expect(status == 78 && output.contains("alias 'maxwell' is left out in") && output.contains(place))
        #expect(try lan.inside(["cname-updater", "aliases"]).output.contains("left out: \(place)"))
    }

    /// The change is in the output of a script, which only dnsmasq reads: an ad blocker's list, updated at night.
    @Test(.onlyInAll("watch waits for 12 s before it says that an instance is down."))
    func aClashThatNoFileShowsIsMended() throws {
        let lan = try VerifyTests.served()
        let outage = try lan.watchDNS()
        let script = lan.scratch.write("list", "#!/bin/sh\necho cname=maxwell.lan,up.lan\n", mode: 0o755)
        lan.scratch.write("lan.d/list.conf", "conf-script=\(script)\n")
        let calls = lan.calls.count
        try lan.restart()
        try lan.program.line(with: "lan: dnsmasq did not run with its aliases; they are left out")
        try eventually("dnsmasq answers") { try lan.resolve("maxwell.lan") == ["up.lan.", "10.0.0.9"] }
        #expect(try outage.isShort("a script prints the name of an alias", pauses: 30))
        #expect(Array(lan.calls[calls...]) == ["restart", "restart lan"])
        #expect(lan.fragment() == VerifyTests.isLeftOut)
    }

    /// The wanted fragment is loaded, so a restart by hand is followed by no restart of ours.
    @Test func aRestartByAnotherProgramIsEnough() throws {
        let lan = try LAN(quiet: "600")
        try lan.event()
        #expect(lan.pending != [])
        try lan.restart()
        try eventually("nothing is pending") { lan.pending == [] }
        try eventually("the alias is served") { try lan.answers("maxwell.lan") }
        try isNotNeeded(lan)
    }

    /// odhcpd sends a HUP at every change of its own. dnsmasq does not read the aliases at that.
    @Test func aHUPIsNoStart() throws {
        let lan = try LAN(quiet: "600")
        try lan.event()
        try lan.inside(["sh", "-c", "kill -HUP $(cat /var/procd/lan.dnsmasq)"])
        try lan.event("update", isReplay: true)
        #expect(lan.pending != [])
        try lan.event("remove")
        try eventually("nothing is pending") { lan.pending == [] }
        try isNotNeeded(lan)
    }

    private func isNotNeeded(_ lan: LAN) throws {
        try lan.inside(["cname-updater", "flush"])
        try eventually("it shows") { lan.state("state") == "idle" }
        #expect(lan.state("runs") == "0")
    }
}
