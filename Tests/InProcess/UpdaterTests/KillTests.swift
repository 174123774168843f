import Basics
import CLinux
import Dnsmasq
import Synchronization
import TestSupport
import Testing

@testable import Updater

private let sections = "config cname m\n list target a\n list target b\n"

/// A reconcile is killed at any moment, or dnsmasq and the daemon go on in between.
@Suite struct KillTests {
    enum Next: CaseIterable { case event, watch, restartFromOutside, run, undo }

    /// Plays the next event after a kill.
    private func go(on next: Next, _ world: EventWorld) throws {
        switch next {
        case .event: try world.lease(7, "tv")
        case .watch: break
        case .restartFromOutside: world.restartFromOutside()
        case .run: try world.restart()
        case .undo: try world.release(1, "a")
        }
    }

    /// Returns two instances; `confdir` is the second's conf-dir.
    private func world(_ confdir: String) throws -> EventWorld {
        let world = try EventWorld(
            sections, .main, VirtualDnsmasq("guest", confdir: confdir, leaseFile: "guest.leases", network: 1))
        try world.lease(2, "b")
        #expect(try world.restart())
        return world
    }

    @Test(arguments: KillMoment.allCases, Next.allCases)
    func theNextCallDoesWhatAKilledOneHasNotDone(moment: KillMoment, next: Next) throws {
        for confdir in ["conf", "guest"] {
            let world = try world(confdir)
            world.now = world.now + .seconds(1)
            #expect(world.kill(at: moment) { try world.lease(1, "a") }, "the kill comes too late")
            #expect(try world.broken() == nil)
            world.now = world.now + .seconds(1)
            try go(on: next, world)
            #expect(try world.broken() == nil)
            // procd starts `watch` again, which reconciles at its start.
            try world.watch()
            #expect(try world.broken() == nil)
            let target = next == .undo ? "b" : "a"
            #expect(world.fragment == "cname=m,m.lan,\(target).lan")
            while try world.restart() {}
            #expect(world.aliasRuns < 4)
            for one in world.instances { #expect(world.process(one)?.loaded == world.onDisk(one.confdir)) }
            #expect(try !world.context().isMarked())
            #expect(contents(world.scratch / "leases/since")?.hasSuffix(" \(target)") ?? false)
        }
    }

    /// A second kill finds what the first one has left.
    @Test(arguments: KillMoment.allCases) func aSecondKillIsMadeUpForToo(second: KillMoment) throws {
        for first in KillMoment.allCases {
            let world = try world("conf")
            world.kill(at: first) { try world.lease(1, "a") }
            world.kill(at: second) { try world.release(1, "a") }
            #expect(try world.broken() == nil)
            try world.lease(7, "tv")
            try world.watch()
            #expect(try world.broken() == nil)
            #expect(world.fragment == "cname=m,m.lan,b.lan")
            while try world.restart() {}
            #expect(world.loaded == world.fragment)
            #expect(try !world.context().isMarked())
        }
    }

    /// Any event that finds a mark reconciles.
    @Test func aMarkIsNeverForgotten() throws {
        for name in ["mark", "working"] {
            let world = try world("conf")
            try world.lease(1, "a", tells: false)
            world.scratch.write("leases/reconcile/\(name)", "")
            try world.lease(7, "tv")
            #expect(world.fragment == "cname=m,m.lan,a.lan")
            #expect(try !world.context().isMarked())
        }
    }

    /// A forgotten instance would take its leases and their aliases away.
    @Test func anInstanceThatEndsBetweenTheTwoLooksIsNotForgotten() throws {
        let world = try world("conf")
        let main = world.instances[0]
        world.looks = 0
        world.onLook = { look in if look == 2 { world.stop(main) } }
        try world.lease(1, "a")
        world.onLook = { _ in }
        try world.watch()
        #expect(world.fragment == "cname=m,m.lan,a.lan")
        #expect(try world.context().ranBefore().sorted() == ["guest", "main"])
    }

    /// The failing starts of a forgotten instance would not be blamed on the change before.
    @Test func anInstanceWhoseProcessOnlyReadsIsNotForgotten() throws {
        let world = try world("conf")
        let main = world.instances[0]
        world.stop(main)
        try world.watch()
        world.start(main, reads: false)
        try world.watch()
        world.stop(main)
        #expect(try world.context().ranBefore().sorted() == ["guest", "main"])
        let seen = try Publication.states(world.context())[0].last(of: "main")?.content
        #expect(
            try seen == Publisher.digest(ByteString(world.fragment), in: ByteString(world.scratch / "conf")))
    }

    /// An alias changes to and fro while a daemon takes requests and dnsmasq reads at random moments of a run. In the
    /// end, dnsmasq has loaded the wanted aliases without a further event.
    @Test func noInterleavingLosesAChange() throws {
        let world = try world("conf")
        // Replaces the file lock, which only another process would find taken.
        let lock = Mutex(())
        var random = SeededGenerator()
        for round in 0..<(Extent.isAll ? 1000 : 100) {
            let isOver = Flag()
            let daemon = try inBackground {
                var random = SeededGenerator(UInt64(round) + 1)
                func wait(upTo microseconds: UInt32) { usleep(UInt32.random(in: 0...microseconds, using: &random)) }
                while !isOver.isSet {
                    if Int.random(in: 0..<3, using: &random) == 0 {
                        try? world.ledger.add(.manual, to: "dnsmasq", event: "request")
                    }
                    guard (try? world.beginRun()) == true else { continue }
                    for one in world.instances {
                        wait(upTo: 300)
                        world.stop(one)
                        wait(upTo: 300)
                        world.start(one, reads: false)
                        wait(upTo: 300)
                        world.read(one, isSeen: false)
                        wait(upTo: 300)
                        world.read(one)
                    }
                    lock.withLock { _ in try? world.endRun() }
                    wait(upTo: 2000)
                }
            }
            var last = "b"
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                try lock.withLock { _ in
                    world.now = world.now + .seconds(1)
                    if last == "b" { try world.lease(1, "a") } else { try world.release(1, "a") }
                }
                last = last == "b" ? "a" : "b"
                #expect(world.fragment == "cname=m,m.lan,\(last).lan")
                usleep(UInt32.random(in: 0...1000, using: &random))
            }
            isOver.set()
            try daemon()
            #expect(try world.broken() == nil, "round \(round)")
            while try world.restart() {}
            let isRight = world.instances.allSatisfy { world.process($0)?.loaded == world.onDisk("conf") }
            #expect(isRight, "round \(round)")
            if !isRight { return }
            if last == "a" { try world.release(1, "a") }
            while try world.restart() {}
        }
    }
}
