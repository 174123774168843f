import CLinux
import TestSupport
import Testing

/// The whole chain, with a real dnsmasq, a real client and the real programs.
@Suite(.serialized, .ownThread) struct ChainTests {
    /// Every start of dnsmasq replays all leases. The first time they are new; after the restart they are known.
    @Test(arguments: Router.Dispatcher.allCases)
    func aStormIsOneRestart(dispatcher: Router.Dispatcher) throws {
        let router = try Router(dispatcher, leases: 1000, quiet: "2")
        try router.program.line(with: "dnsmasq: run 1", within: 120)
        #expect(Set(router.events).count == 1000)
        try router.program.line(with: "dnsmasq: done", within: 120)
        try eventually("all leases are replayed", within: 120) { router.events.count >= 2000 }
        #expect(try router.program.lines(with: "dnsmasq: run", during: 10) == [])
        #expect(router.state("requests") == "1000")
        #expect(router.state("runs") == "1")
        #expect(router.state("rejected") == "0")
        #expect(router.state("last_exit") == "0")
        #expect(try run(["sh", "-c", "cat \(router.scratch / "updater")/leases/*/address | wc -l"]).output == "1000")
        #expect(contents(router.scratch / "updater/leases/02:00:00:00:00:01/hostname") == "host-2")
    }

    @Test(arguments: Router.Dispatcher.allCases)
    func theUpdaterIsNobodysChild(dispatcher: Router.Dispatcher) throws {
        let count = 20
        let router = try Router(dispatcher, leases: count, quiet: "0.5", gated: true)
        // All of them are there although none can go on: neither dnsmasq nor the dispatcher waits for any.
        try eventually("all updaters are started", within: 60) { router.updaters.count >= count }
        for updater in router.updaters {
            try eventually("its parent is process 1") {
                try router.inside(["grep", "PPid", "/proc/\(updater)/status"]) == "PPid:\t1"
            }
            let streams = try router.inside([
                "readlink", "/proc/\(updater)/fd/0", "/proc/\(updater)/fd/1", "/proc/\(updater)/fd/2",
            ])
            #expect(streams == "/dev/null\n/dev/null\n/dev/null")
        }
        try router.openGate(router.updaters.count)
        try router.program.line(with: "dnsmasq: run 1")
        #expect(router.state("requests") == "\(count)")
        // The restart's replay: its updaters come through too, and ask for nothing.
        let before = router.updaters.count
        try router.program.line(with: "dnsmasq: done")
        try eventually("the replay's updaters are started", within: 60) { router.updaters.count >= before + count }
        try router.openGate(router.updaters.count - before)
        #expect(try router.program.lines(with: "dnsmasq: run", during: 2.5) == [])
    }

    @Test(arguments: Router.Dispatcher.allCases)
    func aClientComesAndGoes(dispatcher: Router.Dispatcher) throws {
        let router = try Router(dispatcher, quiet: "0.5")
        let client = router.clients[0]
        try client.boot("maxwell-arch")
        try router.program.line(with: "dnsmasq: run 1")
        try router.program.line(with: "dnsmasq: done")
        let folder = router.scratch / "updater/leases/\(client.hardware)"
        #expect(contents(folder + "/hostname") == "maxwell-arch")
        let address = contents(folder + "/address") ?? ""
        #expect(address == client.address)
        #expect(router.events.contains { $0 == "add \(address)" })
        #expect(try router.program.lines(with: "dnsmasq: run", during: 2.5) == [])

        try client.release()
        try router.program.line(with: "dnsmasq: run 2")
        #expect(router.events.contains { $0 == "remove \(address)" })
        #expect(contents(folder + "/address") == nil)
        try router.program.line(with: "dnsmasq: done")
        #expect(try router.program.lines(with: "dnsmasq: run", during: 2.5) == [])
        #expect(router.state("requests") == "2")
    }
}
