import Basics
import CLinux
import Dnsmasq
import Ledger
import TestSupport
import Testing

@testable import Updater

private let sections = "config cname m\n list target a\n list target b\n"
private let first = "cname=m,m.lan,a.lan"
private let second = "cname=m,m.lan,b.lan"

/// Returns a router with an alias that leads to b, as dnsmasq has loaded. A lease of a leads the alias to a, and the
/// end of that lease leads it back to b.
private func world(_ shapes: VirtualDnsmasq...) throws -> EventWorld {
    let world = shapes.isEmpty ? try EventWorld(sections, .main) : try EventWorld(sections, shapes[0], shapes[1])
    try world.lease(2, "b")
    #expect(try world.restart())
    #expect(world.loaded == second && !world.isPending())
    return world
}

extension EventWorld {
    fileprivate func change() throws {
        now = now + .seconds(1)
        try lease(1, "a")
        #expect(fragment == first)
    }

    fileprivate func undo() throws {
        now = now + .seconds(1)
        try release(1, "a")
        #expect(fragment == second)
    }

    fileprivate func request() throws { try ledger.add(.manual, to: "dnsmasq", event: "request") }

    /// Runs the remaining requests. dnsmasq must then have the wanted aliases.
    fileprivate func settle(_ comment: Comment? = nil) throws {
        var runs = 0
        while try runs < 4 && restart() { runs += 1 }
        #expect(runs < 3, comment)
        for one in instances { #expect(process(one)?.loaded == onDisk(one.confdir), comment) }
    }
}

/// The consequences of an undone change, step by step.
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
        #expect(world.aliasRuns == 1)
    }

    @Test func aRequestByHandStands() throws {
        let world = try world()
        try world.change()
        try world.request()
        try world.undo()
        #expect(!world.isPending() && world.isPending(.manual))
        try world.settle()
    }

    /// odhcpd sends a HUP at each of its changes.
    @Test func aHUPIsNoStart() throws {
        let world = try world()
        try world.change()
        try world.hangUp()
        try world.watch()
        #expect(world.isPending())
        try world.undo()
        #expect(!world.isPending())
        try world.hangUp()
        #expect(try !world.restart())
    }

    @Test func whatAnotherProgramRestartedNeedsNoRun() throws {
        let world = try world()
        try world.change()
        world.restartFromOutside()
        try world.watch()
        #expect(!world.isPending() && world.loaded == first)
        try world.undo()
        #expect(world.isPending(), "dnsmasq has loaded the change")
        try world.settle()
    }

    /// The fragment was edited by hand, and dnsmasq has not read the edit.
    @Test func aFragmentThatWasEditedIsPutRightAtOnce() throws {
        let world = try world()
        try world.watch()
        world.scratch.write("conf/cname-updater.conf", "cname=typo\n")
        try world.watch()
        #expect(world.fragment == world.loaded && !world.isPending())
        #expect(try Publication.states(world.context()).allSatisfy { !$0.isChanging }, "the change is over")
    }

    /// A restart from outside counts for each instance alone.
    @Test func oneOfTwoInstancesRestartedStillNeedsARun() throws {
        let world = try world(.main, VirtualDnsmasq("guest"))
        try world.change()
        world.stop(world.instances[1])
        world.start(world.instances[1])
        try world.watch()
        #expect(world.isPending())
        world.stop(world.instances[0])
        world.start(world.instances[0])
        try world.watch()
        #expect(!world.isPending())
    }

    enum Reading: CaseIterable { case before, beforeButUnseen, after }

    /// dnsmasq may read the fragment before or after the change. Its content is known only once the process shows that
    /// it has read.
    @Test(arguments: Reading.allCases) func aRunForSomethingElseMayHaveReadTheChange(reading: Reading) throws {
        let world = try world()
        let main = world.instances[0]
        try world.request()
        try world.beginRun()
        world.stop(main)
        world.start(main, reads: false)
        if reading != .after { world.read(main, isSeen: reading == .before) }
        try world.change()
        world.read(main)
        try world.endRun()
        #expect(world.isPending())
        #expect(try world.broken() == nil)
        try world.undo()
        #expect(world.isPending() == (reading != .before), "it may have read either")
        try world.settle()
    }

    /// A process may have read the old fragment, although the first list does not have the process.
    @Test(arguments: [false, true]) func aStartBetweenTheTwoLooksIsSeen(readsOld: Bool) throws {
        let world = try world()
        let main = world.instances[0]
        let old = world.onDisk("conf")
        world.stop(main)
        world.looks = 0
        world.onLook = { look in
            if look == 2 { if readsOld { world.start(main, having: old) } else { world.start(main) } }
        }
        try world.change()
        world.onLook = { _ in }
        #expect(world.isPending())
        #expect(try world.broken() == nil)
        try world.settle()
        #expect(world.loaded == first)
    }

    /// The updater is killed before it has requested a restart of that process.
    @Test func aStartBetweenTheTwoLooksOutlivesAKill() throws {
        let world = try world()
        let main = world.instances[0]
        let (old, pending) = (world.onDisk("conf"), world.scratch / "run/pending")
        world.stop(main)
        world.looks = 0
        world.onLook = { look in
            guard look == 2 else { return }
            world.start(main, having: old)
            rename(pending, pending + ".aside")
            world.scratch.write("run/pending", "")
        }
        #expect(throws: (any Error).self) { try world.change() }
        world.onLook = { _ in }
        unlink(pending)
        #expect(world.fragment == first && world.loaded == second)
        #expect(try world.broken() == nil)
        try world.lease(7, "tv")
        #expect(world.isPending())
        try world.settle()
    }

    @Test func aRunMayBeginWhileAChangeIsOutstanding() throws {
        let world = try world()
        try world.change()
        try world.beginRun()
        world.restartFromOutside()
        try world.undo()
        #expect(world.isPending())
        try world.endRun()
        #expect(world.isPending(), "its verification withdraws nothing that is needed")
        try world.settle()
    }

    @Test(arguments: [false, true]) func whatFailedIsWithdrawnOnlyIfNothingLoadedIt(isLoaded: Bool) throws {
        let world = try world()
        try world.change()
        try world.beginRun()
        if isLoaded { world.restartFromOutside() }
        // The daemon does this after a failure, or if it finds that an earlier daemon was killed.
        try world.ledger.returnRequests(of: "dnsmasq")
        #expect(world.isPending())
        try world.undo()
        #expect(world.isPending() == isLoaded)
        try world.settle()
    }

    @Test func afterACancelAChangeIsRequestedAgain() throws {
        let world = try world()
        try world.change()
        try world.ledger.withdraw(nil, from: "dnsmasq")
        try world.watch()
        #expect(world.isPending(), "dnsmasq has loaded something else")
        try world.ledger.withdraw(nil, from: "dnsmasq")
        try world.undo()
        #expect(!world.isPending(), "dnsmasq has what is wanted")
        try world.change()
        #expect(world.isPending())
        try world.settle()
    }

    /// A restart that touched nothing is not requested again, until something else is wanted.
    @Test func anUntouchedProcessIsSparedUntilSomethingElseIsWanted() throws {
        let world = try world()
        let main = world.instances[0]
        try world.change()
        try world.beginRun()
        try world.verify { $0.untouched = Self.processes(of: world) }
        try world.ledger.finish("dnsmasq", run: 2, status: 0)
        try world.watch()
        #expect(!world.isPending() && world.process(main)?.loaded?.directives == second)
        #expect(try world.broken() == nil)
        try world.undo()
        #expect(!world.isPending(), "dnsmasq has what is wanted")
        try world.lease(3, "other")
        try world.set(sections + "config cname n\n list target other\n")
        try world.watch()
        #expect(world.isPending())
        try world.settle()
    }

    private static func processes(of world: EventWorld) -> [DnsmasqProcess] {
        ((try? world.truth()) ?? nil)?.instances.flatMap { $0.processes } ?? []
    }

    @Test func noLeaseIsOverlooked() throws {
        let world = try world()
        try world.set(sections + "config cname n\n list target b\n")
        try world.lease(1, "a")
        #expect(world.fragment == first + "\ncname=n,n.lan,b.lan")
    }

    /// A request at each event would change nothing.
    @Test(arguments: [false, true]) func whatCanNotBeWrittenIsNotRequested(isPlain: Bool) throws {
        let world = isPlain ? try EventWorld(sections) : try EventWorld(sections, .main)
        let draft = world.scratch / "conf/.cname-updater.conf"
        #expect(mkdir(draft, 0o755) == 0)
        for _ in 0..<2 {
            #expect(throws: (any Error).self) { try world.lease(2, "b") }
            #expect(!world.isPending() && world.fragment == "")
        }
        #expect(rmdir(draft) == 0)
        // The mark that the reconcile has left makes any event go on.
        try world.lease(7, "tv")
        #expect(world.fragment == second && world.isPending())
        try world.settle()
    }

    @Test func anEventOfAnotherHostReconcilesNothing() throws {
        let world = try world()
        world.looks = 0
        try world.lease(7, "tv")
        try world.hangUp()
        #expect(world.looks == 0)
    }

    /// Where the processes are unknown, each change is requested, and nothing is withdrawn.
    @Test func withoutOpenWrtEachChangeStands() throws {
        let world = try EventWorld(sections)
        try world.lease(2, "b")
        #expect(try world.restart() && world.loaded == second)
        try world.change()
        #expect(world.isPending())
        try world.undo()
        #expect(world.isPending(), "dnsmasq may have been restarted meanwhile")
        #expect(try world.restart() && world.loaded == second)
        try world.watch()
        #expect(!world.isPending())
    }
}
