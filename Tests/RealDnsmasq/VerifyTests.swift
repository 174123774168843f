import CLinux
import TestSupport
import Testing

/// A restart after which dnsmasq does not run is no success, and our aliases are never why the LAN is without DNS.
/// `swift test --filter VerifyTests | grep 'DNS was gone'` shows for how long it was, in each case, and how often
/// dnsmasq was restarted.
@Suite(.ownThread) struct VerifyTests {
    static let alias = "cname=maxwell,maxwell.lan,maxwell-arch.lan"
    static let isLeftOut = "# all aliases are left out: dnsmasq did not run with them"

    /// dnsmasq serves the alias.
    static func served(
        _ instances: [String] = ["lan"], job: String = "", down: [String] = []
    ) throws -> LAN {
        let lan = try LAN(instances, job: job, down: down)
        try lan.event()
        try lan.program.line(with: "dnsmasq: done")
        #expect(lan.fragment() == alias)
        #expect(try lan.answers("maxwell.lan"))
        return lan
    }

    /// Makes a change, and queries a name until the run is over and dnsmasq answers.
    /// - Parameter prepare: Plants a fault in that run only.
    /// - Returns: The calls of `service dnsmasq`.
    private func change(
        _ lan: LAN, to action: String = "add", _ what: String, pauses: Double = 5, prepare: () -> Void = {}
    ) throws -> [String] {
        let outage = try lan.watchDNS()
        let before = lan.calls.count
        prepare()
        try lan.event(action)
        try lan.program.line(with: "dnsmasq: done")
        #expect(try outage.isShort(what, pauses: pauses))
        let calls = Array(lan.calls[before...])
        print("service dnsmasq was called \(calls.count) times (\(calls.joined(separator: ", "))): \(what)")
        #expect(lan.state("last_exit") == "0")
        #expect(lan.state("failures") == "0")
        return calls
    }

    private func isAlias(_ lan: LAN) throws {
        #expect(try lan.answers("maxwell.lan"))
        #expect(lan.fragment() == Self.alias)
    }

    @Test func aGoodRestartIsOne() throws {
        let lan = try LAN()
        #expect(try change(lan, "a restart that is as it should be") == ["restart"])
        try isAlias(lan)
        #expect(try lan.inside(["cname-updater", "verify"]).status == 0)
    }

    // MARK: What is only slow

    /// OpenWrt's jail takes its time on a slow router.
    @Test func aLateStartIsOneRestart() throws {
        let lan = try LAN()
        let calls = try change(lan, "the process is there 1.2 s after the call has returned") {
            lan.scratch.write("var/late/lan", "1.2")
        }
        #expect(calls == ["restart"])
        try isAlias(lan)
        #expect(lan.state("runs") == "1")
    }

    /// procd tries again after 5 s.
    @Test func aSecondTryIsOneRestart() throws {
        let lan = try LAN()
        let calls = try change(lan, "the first start fails, and the second does not", pauses: 7) {
            lan.breakInstance("lan", once: true)
        }
        #expect(calls == ["restart"])
        try isAlias(lan)
        #expect(lan.state("runs") == "1")
    }

    // MARK: What is our doing

    /// The fault is an argument of dnsmasq, which is in no file that we read.
    @Test func aFragmentThatFailsIsTakenAway() throws {
        let lan = try LAN()
        let calls = try change(lan, "the aliases keep dnsmasq from starting", pauses: 20) {
            lan.scratch.write("var/arguments/lan", "--cname=maxwell,up.lan")
        }
        #expect(calls == ["restart", "restart lan"])
        let line = "lan: dnsmasq did not run with its aliases; they are left out until they change"
        #expect(lan.program.log.contains { $0.contains(line) })
        #expect(lan.fragment() == Self.isLeftOut)
        #expect(try lan.answers("up.lan"))
        // It is shown, and remembered.
        for verb in ["check", "aliases"] {
            let shown = try lan.inside(["cname-updater", verb]).output
            #expect(shown.contains("dnsmasq did not run with it"), "\(shown)")
        }
        try lan.event("update")
        #expect(lan.fragment() == Self.isLeftOut)
        // A reload tries again.
        lan.scratch.write("var/arguments/lan", "")
        try lan.service("reload")
        try lan.program.line(with: "dnsmasq: done")
        try isAlias(lan)
    }

    @Test(.onlyInAll("It takes 20 s. aFragmentThatFailsIsTakenAway is the same without the old process."))
    func anOldProcessThatLivesOnIsNoSuccess() throws {
        let lan = try LAN()
        let calls = try change(lan, "the old process ends 4 s later, and the new one fails", pauses: 25) {
            lan.scratch.write("var/lingers/lan", "4")
            lan.scratch.write("var/arguments/lan", "--cname=maxwell,up.lan")
        }
        #expect(calls == ["restart", "restart lan"])
        #expect(lan.fragment() == Self.isLeftOut)
        #expect(try lan.answers("up.lan"))
    }

    @Test(.onlyInAll("It takes 20 s. aFragmentThatFailsIsTakenAway has one that dies at once."))
    func oneThatDiesAfterTwoSecondsIsNoSuccess() throws {
        let lan = try LAN()
        let calls = try change(lan, "dnsmasq dies 2 s after its start", pauses: 25) {
            // As long as there is an alias.
            lan.scratch.write(
                "var/started/lan",
                "grep -q cname= \(lan.scratch / "lan.d/cname-updater.conf") || exit; sleep 2; kill -9 $1\n")
        }
        #expect(calls == ["restart", "restart lan"])
        #expect(lan.fragment() == Self.isLeftOut)
    }

    /// A CNAME in a file that the rendered one includes. The alias is left out before dnsmasq reads it, so no restart
    /// is asked for.
    @Test func aClashInAFileWithABlankIsFound() throws {
        let lan = try LAN()
        lan.configure("conf-file=" + lan.scratch.write("a file", "cname=maxwell,up.lan\n"))
        try lan.restart()
        try eventually("dnsmasq answers") { try lan.resolve("maxwell") == ["up.lan.", "10.0.0.9"] }
        try lan.event()
        #expect(lan.fragment().hasPrefix("#maxwell is left out: 'maxwell' is a CNAME at "))
        #expect(lan.state("runs") == "0")
    }

    // MARK: What is not our doing

    @Test func anInstanceThatIsDownFromTheBeginningIsPassedOver() throws {
        let lan = try LAN(["lan", "guest"], down: ["guest"])
        #expect(try change(lan, "another instance has never run") == ["restart"])
        try isAlias(lan)
        #expect(lan.fragment(of: "guest") == "")
    }

    @Test(.onlyInAll("watch waits for 12 s before it says that an instance is down."))
    func anInstanceThatIsDownBeforeIsPassedOver() throws {
        let lan = try Self.served(["lan", "guest"])
        lan.breakInstance("guest")
        try lan.restart("guest")
        try lan.program.line(with: "guest: dnsmasq does not run without its aliases either, so they are put back")
        #expect(try change(lan, to: "remove", "another instance is down before, during and after") == ["restart"])
        try lan.event("add")
        try lan.program.line(with: "dnsmasq: done")
        try isAlias(lan)
        let lines = lan.program.log.filter { $0.contains("guest: ") }
        #expect(lines.count == 1, "\(lines)")
    }

    @Test(.onlyInAll("watch waits for 12 s before it says that an instance is down."))
    func anInstanceThatIsBrokenKeepsItsAliases() throws {
        let lan = try Self.served()
        lan.configure("no-such-option")
        let calls = lan.calls.count
        try lan.restart()
        try lan.program.line(with: "lan: dnsmasq does not run without its aliases either, so they are put back")
        try eventually("they are put back") { lan.fragment() == Self.alias }
        lan.configure("")
        try lan.restart()
        try eventually("the alias is served") { try lan.answers("maxwell.lan") }
        #expect(Array(lan.calls[calls...]) == ["restart", "restart lan", "restart"])
        #expect(lan.state("runs") == "1")
    }

    @Test(.onlyInAll("It takes a minute: whether each of two is down is known after 12 s."))
    func oneInstanceThatIsDownTakesNothingFromTheOther() throws {
        let lan = try LAN(["lan", "guest"])
        let calls = try change(lan, "another instance fails for another reason", pauses: 1) {
            lan.breakInstance("guest")
        }
        // The instance does not run without its aliases either, so they are not at fault.
        #expect(calls == ["restart", "restart guest"])
        #expect(lan.program.log.contains { $0.contains("guest: dnsmasq does not run without its aliases either") })
        try isAlias(lan)
        #expect(lan.fragment(of: "guest") == Self.alias)
        #expect(try lan.program.lines(with: "guest: ", during: 4) == [], "it has been said")
        // Now the aliases are at fault.
        lan.scratch.write("var/arguments/guest", "--cname=maxwell,up.lan")
        try lan.event("remove")
        try lan.program.line(with: "dnsmasq: done")
        try eventually("the other instance is up") { try lan.answers("up.lan", at: "127.0.0.2") }
        try lan.event()
        try lan.program.line(with: "guest: dnsmasq did not run with its aliases")
        try lan.program.line(with: "dnsmasq: done")
        #expect(lan.fragment(of: "guest") == Self.isLeftOut)
        #expect(try lan.answers("up.lan", at: "127.0.0.2"))
        try isAlias(lan)
    }

    // MARK: What takes long

    /// Between stop and start the LAN is without DNS.
    @Test func aRestartThatIsCutOffLeavesDnsmasqRunning() throws {
        let lan = try LAN(job: "option timeout '1'\n    option retries '0'")
        let outage = try lan.watchDNS()
        lan.scratch.write("var/slow", Extent.isAll ? "70" : "4")
        let before = lan.calls.count
        try lan.event()
        try lan.program.line(with: "dnsmasq: ended by signal 15 after ")
        #expect(try outage.isShort("a restart is cut off between stop and start", pauses: Extent.isAll ? 75 : 7))
        #expect(Array(lan.calls[before...]) == ["restart", "start"])
        try isAlias(lan)
    }

    /// `verify` has its own time.
    @Test(.onlyInAll("The restart takes 31 s."))
    func aSlowRestartLeavesTimeToVerify() throws {
        let lan = try LAN(["lan", "guest"], job: "option timeout '35'")
        let calls = try change(lan, "a restart takes 31 s, and another instance is down", pauses: 33) {
            lan.scratch.write("var/slow", "31")
            lan.breakInstance("guest")
        }
        #expect(calls == ["restart", "restart guest"])
        try isAlias(lan)
        #expect(lan.fragment(of: "guest") == Self.alias)
    }

    /// The list of an ad blocker may have many megabytes.
    @Test func aScriptOfTheSettingsIsRunByDnsmasqAlone() throws {
        let lan = try LAN()
        let script = lan.scratch.write(
            "list", "#!/bin/sh\necho >>\(lan.scratch / "read")\nseq -f 'address=/%g.example/' 2000\n", mode: 0o755)
        lan.scratch.write("lan.d/list.conf", "conf-script=\(script)\n")
        lan.scratch.write("var/started/lan", "echo >>\(lan.scratch / "starts")\n")
        #expect(try change(lan, "a script prints the settings") == ["restart"])
        try isAlias(lan)
        try lan.inside(["cname-updater", "check"])
        func count(_ name: String) -> Int { (contents(lan.scratch / name) ?? "").utf8.count }
        #expect(count("read") > 0 && count("read") == count("starts"))
    }
}
