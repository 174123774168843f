import CLinux
import TestSupport
import Testing

/// The whole chain, with a real dnsmasq, a real client and the real programs.
@Suite(.ownThread) struct ChainTests {
    private static let leases = Extent.isAll ? 1000 : 200

    /// Every start of dnsmasq replays all leases. The first replay requests no restart, although the leases are new to
    /// us. A replay with new names requests one restart, and the replay after that restart requests nothing.
    @Test(arguments: Extent.cases(Router.Dispatcher.new, .old))
    func aStormIsOneRestart(dispatcher: Router.Dispatcher) throws {
        let leases = Self.leases
        let router = try Router(dispatcher, leases: leases, areHidden: true, quiet: "5", maxWait: "0")
        try eventually("all leases are told") { router.events.count >= leases }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        #expect(router.state("requests") == "0")
        try router.rename("host-", "system-")
        try router.program.line(with: "dnsmasq: run 1")
        try router.program.line(with: "dnsmasq: done")
        // It did not begin before all were told.
        #expect(Set(router.lives.suffix(2)[router.lives.count - 2]).count == leases)
        try eventually("all leases are replayed") { router.eventsSinceRestart.count >= leases }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        #expect(router.state("requests") == "\(leases)")
        #expect(router.state("runs") == "1")
        #expect(router.rejected == "0")
        #expect(router.state("last_exit") == "0")
        let files = "\(router.scratch / "updater")/leases/*"
        #expect(try run(["sh", "-c", "cat \(files) | grep -c '^address '"]).output == "\(leases)")
        #expect(recorded("hostname", in: router.scratch / "updater/leases/02:00:00:00:00:01") == ["system-2"])
    }

    /// A first installation: dnsmasq has leases of which we have never heard. They are read from its own file, so its
    /// replay tells nothing new.
    @Test(arguments: Extent.cases(Router.Dispatcher.new, .old))
    func knowsTheLeasesThatWereThereBefore(dispatcher: Router.Dispatcher) throws {
        let router = try Router(dispatcher, leases: 100, quiet: "0.5")
        try eventually("all leases are replayed") { router.events.count >= 100 }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        #expect(router.state("requests") == "0")
        let table = try router.inside(["cname-updater", "leases"]).split(separator: "\n")
        #expect(table.count == 101 && table.contains { $0.contains("host-2 ") && $0.contains("unknown") }, "\(table)")
    }

    /// A first installation with aliases in the settings: one restart, by which all is right.
    @Test(arguments: Extent.cases(Router.Dispatcher.new, .old))
    func anInstallationTakesOneRestart(dispatcher: Router.Dispatcher) throws {
        let alias = "config cname 'maxwell'\n    list target 'host-2'\n\n"
        let router = try Router(dispatcher, leases: 100, quiet: "600", aliases: alias)
        try router.inside(["cname-updater", "request"])
        let fragment = router.scratch / "dnsmasq.d/cname-updater.conf"
        #expect(contents(fragment) == "cname=maxwell,maxwell.lan,host-2.lan", "before the restart")
        try eventually("all leases are told") { router.events.count >= 100 }
        try router.waitForUpdaters()
        try router.inside(["cname-updater", "flush"])
        try router.program.line(with: "dnsmasq: run 1")
        try router.program.line(with: "dnsmasq: done")
        try eventually("all leases are replayed") { router.eventsSinceRestart.count >= 100 }
        try router.waitForUpdaters()
        #expect(try router.inside(["find", router.scratch / "run/pending", "-type", "f"]) == "")
        try eventually("nothing waits") { router.state("state") == "idle" }
        #expect(router.state("runs") == "1")
        #expect(try router.resolve("maxwell.lan").first == "host-2.lan.")
        #expect(try router.inside(["cname-updater", "aliases", "--json"]).contains(#""loaded":true,"obstacle":null"#))
    }

    /// The dispatchers differ in the parent of the hook, and in its open files.
    @Test(arguments: Router.Dispatcher.allCases)
    func theUpdaterIsNobodysChild(dispatcher: Router.Dispatcher) throws {
        let count = 20
        let router = try Router(dispatcher, leases: count, areHidden: true, quiet: "0.5", gated: true)
        // All updaters are started, but none can go on: neither dnsmasq nor the dispatcher waits for an updater.
        try eventually("all updaters are started") { router.updaters.count >= count }
        for updater in router.updaters {
            try eventually("its parent is process 1") {
                try router.inside(["grep", "PPid", "/proc/\(updater)/status"]) == "PPid:\t1"
            }
            let streams = try router.inside([
                "readlink", "/proc/\(updater)/fd/0", "/proc/\(updater)/fd/1", "/proc/\(updater)/fd/2",
            ])
            #expect(streams == "/dev/null\n/dev/null\n/dev/null")
        }
        try router.openGate()
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        let files = "\(router.scratch / "updater")/leases/*"
        #expect(try run(["sh", "-c", "cat \(files) | grep -c '^address '"]).output == "\(count)")
    }

    @Test(arguments: Extent.cases(Router.Dispatcher.new, .old))
    func aClientComesAndGoes(dispatcher: Router.Dispatcher) throws {
        let router = try Router(dispatcher, quiet: "0.5")
        let client = router.clients[0]
        try client.boot("maxwell-arch")
        try router.program.line(with: "dnsmasq: run 1")
        try router.program.line(with: "dnsmasq: done")
        let file = router.scratch / "updater/leases/\(client.hardware)"
        #expect(recorded("hostname", in: file) == ["maxwell-arch"])
        let address = recorded("address", in: file).first ?? ""
        #expect(address == client.address)
        #expect(router.events.contains { $0 == "add \(address)" })
        try eventually("the lease is replayed") { !router.eventsSinceRestart.isEmpty }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])

        try client.release()
        try router.program.line(with: "dnsmasq: run 2")
        #expect(router.events.contains { $0 == "remove \(address)" })
        #expect(contents(file) == nil)
        try router.program.line(with: "dnsmasq: done")
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        #expect(router.state("requests") == "2")
    }
}
