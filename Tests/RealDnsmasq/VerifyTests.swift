import CLinux
import TestSupport
import Testing

/// A restart after which dnsmasq does not run is no success, and our aliases are never why the LAN is without DNS.
/// `swift test --filter VerifyTests | grep 'DNS was gone'` shows for how long it was, in each case.
@Suite(.ownThread) struct VerifyTests {
    private static let alias = "cname=maxwell,maxwell.lan,maxwell-arch.lan"

    @Test func aGoodRestartIsOne() throws {
        let lan = try LAN()
        let outage = try lan.watchDNS()
        try lan.event()
        try lan.program.line(with: "dnsmasq: done")
        #expect(try outage.isShort("a restart that is as it should be"))
        #expect(try lan.answers("maxwell.lan"))
        #expect(lan.fragment() == Self.alias)
        // What somebody starts by hand from such a name is no dnsmasq, and no other instance is this one.
        #expect(try lan.inside(["cname-updater", "verify"]).status == 0)
    }

    /// Our own look can't find it: an argument that stands in no file.
    @Test func aFragmentThatFailsIsTakenAway() throws {
        let lan = try LAN()
        lan.scratch.write("var/arguments/lan", "--cname=maxwell,up.lan")
        let outage = try lan.watchDNS()
        try lan.event()
        try lan.program.line(with: "dnsmasq did not run with these aliases; left out until they change")
        try lan.program.line(with: "dnsmasq: done")
        #expect(try outage.isShort("a fragment that fails although nothing is wrong with it"))
        #expect(lan.fragment().hasPrefix("#! "))
        #expect(lan.state("last_exit") == "0")
        // It is remembered, and found by check.
        try lan.event("remove")
        try lan.event()
        #expect(lan.fragment().hasPrefix("#! "))
        #expect(try lan.inside(["cname-updater", "check"]).output.contains("dnsmasq did not start with these aliases"))
    }

    /// The alias is left out before dnsmasq reads it, so no restart is asked for.
    @Test func aClashInAFileWithABlankIsFound() throws {
        let lan = try LAN()
        lan.configure("conf-file=" + lan.scratch.write("a file", "cname=maxwell,up.lan\n"))
        try lan.inside(["service", "dnsmasq", "restart"])
        try eventually("dnsmasq answers") { try lan.answers("up.lan") }
        try lan.event()
        #expect(lan.fragment().hasPrefix("#maxwell "))
        #expect(lan.state("runs") == "0")
    }

    @Test func oneThatDiesAfterTwoSecondsIsNoSuccess() throws {
        let lan = try LAN()
        // As long as there is an alias.
        lan.scratch.write(
            "var/started/lan",
            "grep -q cname= \(lan.scratch / "lan.d/cname-updater.conf") || exit; sleep 2; kill -9 $1\n")
        let outage = try lan.watchDNS()
        try lan.event()
        try lan.program.line(with: "dnsmasq did not run with these aliases")
        try lan.program.line(with: "dnsmasq: done")
        #expect(try outage.isShort("a dnsmasq that dies 2 s after its start"))
        #expect(lan.fragment().hasPrefix("#! "))
    }

    @Test func oneThatWasDownBeforeIsNotOurDoing() throws {
        let lan = try LAN()
        lan.configure("no-such-option")
        try lan.inside(["service", "dnsmasq", "restart"])
        try eventually("dnsmasq is down") { try !lan.answers("up.lan") }
        try lan.event()
        try lan.program.line(with: "dnsmasq does not run without our aliases either, so they are put back")
        try lan.program.line(with: "dnsmasq: failed with status 69")
        #expect(lan.fragment() == Self.alias)
        // The next try does not take them away again.
        let later = try lan.program.lines(with: "put back", before: "failed with status 69")
        #expect(later == [])
        lan.configure("")
        try lan.program.line(with: "dnsmasq: done")
        #expect(try lan.answers("maxwell.lan"))
    }

    /// Between stop and start the LAN is without DNS.
    @Test func aRestartThatIsCutOffLeavesDnsmasqRunning() throws {
        let lan = try LAN(
            sections: """
                config job 'dnsmasq'
                    option command 'service dnsmasq stop; echo stopped; sleep 1000'
                    option verify 'cname-updater verify'
                    option timeout '1'
                    option retries '0'

                """)
        try lan.event()
        try lan.program.line(with: "dnsmasq: stopped")
        try lan.program.line(with: "dnsmasq: ended by signal 15 after ")
        #expect(try lan.answers("maxwell.lan"))
        #expect(lan.fragment() == Self.alias, "it was not the alias")
    }

    @Test func oneInstanceThatIsDownTakesNothingFromTheOther() throws {
        let lan = try LAN(["lan", "guest"])
        lan.scratch.write("var/arguments/guest", "--no-such-option")
        let outage = try lan.watchDNS()
        try lan.event()
        try lan.program.line(with: "put back")
        try lan.program.line(with: "dnsmasq: failed with status 69")
        #expect(try outage.isShort("another instance is down, whatever we do"))
        #expect(try lan.answers("maxwell.lan"))
        #expect(lan.fragment() == Self.alias)
        #expect(lan.fragment(of: "guest") == Self.alias)
        // That it was put back once does not spare it when it is at fault.
        lan.scratch.write("var/arguments/guest", "--cname=maxwell,up.lan")
        try lan.event("remove")
        try lan.program.line(with: "dnsmasq: done")
        // That may be a retry of the run before, and the one for this event is next.
        try eventually("the other instance is up") { try lan.answers("up.lan", at: "127.0.0.2") }
        try lan.event()
        try lan.program.line(with: "dnsmasq did not run with these aliases")
        // If the event came while a retry went on, there is one run more, which restarts both.
        try eventually("the other instance is up, without the aliases") {
            try lan.fragment(of: "guest").hasPrefix("#! ") && lan.answers("up.lan", at: "127.0.0.2")
        }
        #expect(lan.fragment() == Self.alias)
    }
}
