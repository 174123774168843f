import Basics
import CLinux
import Ledger
import TestSupport
import Testing

@testable import Updater

private let sections = "config cname m\n list target a\n list target b\n"
private let first = "cname=m,m.lan,a.lan"
private let second = "cname=m,m.lan,b.lan"

/// A router whose alias leads to b, and whose dnsmasq has read that. If a gets a lease, the alias leads to a; if the
/// lease is removed, it leads to b again.
private func world() throws -> EventWorld {
    let world = try EventWorld(sections)
    try world.handle(variables("add", "aa:bb:cc:dd:ee:02", "10.0.0.2", "b"))
    #expect(try world.restart())
    #expect(world.served == second)
    return world
}

extension EventWorld {
    fileprivate func change() throws {
        now = now + .seconds(1)
        try handle(variables("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        #expect(fragment == first)
    }

    fileprivate func undo() throws {
        now = now + .seconds(1)
        try handle(variables("remove", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        #expect(fragment == second)
    }

    fileprivate func replay() throws {
        try handle(variables("update", "aa:bb:cc:dd:ee:02", "10.0.0.2", "b", ["DNSMASQ_DATA_MISSING": "1"]))
    }

    fileprivate func request() throws { try ledger.add(.manual, to: "dnsmasq", event: "request") }

    /// Runs what is still asked for. After that, dnsmasq must have what is wanted.
    fileprivate func settle(_ comment: Comment? = nil) throws {
        while try restart() {}
        #expect(served == fragment, comment)
    }
}

/// What follows when a change is undone, step by step.
@Suite struct UndoTests {
    @Test func anUndoneChangeNeedsNoRun() throws {
        let world = try world()
        for _ in 0..<3 {
            try world.change()
            #expect(world.isPending())
            try world.undo()
            #expect(!world.isPending())
        }
        #expect(try !world.restart())
        try world.settle()
    }

    @Test func aRequestByHandStands() throws {
        let world = try world()
        try world.change()
        try world.request()
        try world.undo()
        #expect(!world.isPending() && world.isPending("manual"))
        try world.settle()
    }

    @Test func afterAReplayNothingIsTakenBack() throws {
        let world = try world()
        try world.change()
        // Somebody restarts dnsmasq.
        world.serve()
        try world.replay()
        try world.undo()
        #expect(world.isPending())
        try world.settle()
        try world.replay()
        #expect(!world.isPending())
    }

    /// dnsmasq may read the fragment before the change or after it.
    @Test(arguments: [false, true])
    func aRunForSomethingElseMayHaveReadTheChange(isReadFirst: Bool) throws {
        let world = try world()
        // After this, the record says what dnsmasq was started with.
        try world.change()
        try world.undo()
        try world.request()
        try world.beginRun()
        if isReadFirst { world.serve() }
        try world.change()
        if !isReadFirst { world.serve() }
        try world.endRun()
        try world.undo()
        #expect(world.isPending(), "dnsmasq may have read either")
        try world.settle()
    }

    /// The same, if the run comes between a change and its undoing.
    @Test func aRunMayHaveBegunWhileAChangeWasOutstanding() throws {
        let world = try world()
        try world.change()
        try world.beginRun()
        world.serve()
        try world.endRun()
        try world.undo()
        #expect(world.isPending())
        try world.settle()
    }

    @Test func whatFailedOrWasCutOffIsNotTakenBack() throws {
        let world = try world()
        try world.change()
        try world.beginRun()
        world.serve()
        // The daemon does this after a failure, or if it finds that an earlier daemon was killed.
        try world.ledger.putBack("dnsmasq")
        try world.undo()
        #expect(world.isPending())
        try world.settle()
    }

    @Test func afterACancelAChangeIsAskedForAgain() throws {
        let world = try world()
        try world.change()
        try world.ledger.withdraw(nil, from: "dnsmasq")
        try world.undo()
        #expect(!world.isPending(), "dnsmasq has what is wanted")
        try world.change()
        #expect(world.isPending())
        try world.settle()
    }

    @Test func whoeverWasKilledHalfwayIsMadeUpFor() throws {
        let world = try world()
        try world.change()
        try world.undo()
        world.interrupt()
        try world.handle(variables("update", "aa:bb:cc:dd:ee:05", "10.0.0.5", "other"))
        #expect(world.isPending(), "nobody knows what the killed updater had done")
        try world.settle()
        try world.handle(variables("update", "aa:bb:cc:dd:ee:06", "10.0.0.6", "other"))
        #expect(!world.isPending())
    }

    /// The index of clients that have a target's name is right even after a kill or a change of the settings.
    @Test func noLeaseIsOverlooked() throws {
        let world = try world()
        world.interrupt()
        try world.change()
        try world.settle()
        try world.undo()
        try world.set(sections + "config cname n\n list target b\n")
        world.now = world.now + .seconds(1)
        try world.handle(variables("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        #expect(world.fragment == first + "\ncname=n,n.lan,b.lan")
    }

    /// Otherwise each restart would bring a replay, and that would ask for the next restart.
    @Test func whatCanNotBeWrittenIsNotAskedFor() throws {
        let world = try world()
        #expect(unlink(world.scratch / "conf/cname-updater.conf") == 0)
        #expect(rmdir(world.scratch / "conf") == 0)
        #expect(symlink("nowhere", world.scratch / "conf") == 0)
        for _ in 0..<2 {
            #expect(throws: (any Error).self) { try world.replay() }
            #expect(!world.isPending())
        }
        #expect(unlink(world.scratch / "conf") == 0)
        try world.replay()
        #expect(world.isPending())
        try world.settle()
    }

    @Test func aNamelessEventIsNobodysAnswer() throws {
        let world = try world()
        world.scratch.write("leases/presence", "b silent - 2\nc silent - 2\n")
        func isSilent() -> Bool { (contents(world.scratch / "leases/presence") ?? "").contains("b silent") }
        try world.handle(variables("update", "aa:bb:cc:dd:ee:02", "10.0.0.2", ""))
        #expect(world.fragment == "")
        #expect(isSilent())
        try world.handle(variables("remove", "aa:bb:cc:dd:ee:09", "10.0.0.9", "b"))
        #expect(isSilent(), "giving a lease back is no answer either")
        try world.handle(variables("add", "aa:bb:cc:dd:ee:02", "10.0.0.2", "b"))
        #expect(!isSilent())
        #expect(contents(world.scratch / "leases/presence") == "c silent - 2")
    }

    /// An alias changes to and fro, while a daemon takes requests whenever it can and dnsmasq reads at any moment of a
    /// run. In the end dnsmasq has what is wanted, without the help of a replay.
    @Test func noInterleavingLosesAChange() throws {
        let world = try world()
        var random = SeededGenerator()
        for round in 0..<300 {
            let isOver = Flag()
            let daemon = try inBackground {
                var random = SeededGenerator(UInt64(round) + 1)
                func wait(upTo microseconds: UInt32) { usleep(UInt32.random(in: 0...microseconds, using: &random)) }
                while !isOver.isSet {
                    if Int.random(in: 0..<3, using: &random) == 0 { try? world.request() }
                    guard (try? world.beginRun()) == true else { continue }
                    wait(upTo: 600)
                    world.serve()
                    wait(upTo: 600)
                    try? world.endRun()
                    wait(upTo: 2000)
                }
            }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                try world.change()
                usleep(UInt32.random(in: 0...1000, using: &random))
                try world.undo()
            }
            if round % 2 == 0 { try world.change() }
            isOver.set()
            try daemon()
            try world.settle("round \(round)")
            if world.served != world.fragment { return }
            if round % 2 == 0 { try world.undo() }
        }
    }
}
