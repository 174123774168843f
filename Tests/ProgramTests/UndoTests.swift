import Basics
import CLinux
import Dispatch
import Ledger
import TestSupport
import Testing

@testable import cname_updater

private let sections = "config cname m\n list target a\n list target b\n"
private let first = "cname=m,m.lan,a.lan"
private let second = "cname=m,m.lan,b.lan"

/// A router whose alias leads to b, served as that; `add` and `remove` of a lease of a turn it to a and back.
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

    /// What is still asked for runs, and then dnsmasq has what is wanted.
    fileprivate func settle(_ comment: Comment? = nil) throws {
        while try restart() {}
        #expect(served == fragment, comment)
    }
}

/// What a change that is undone leads to, step by step.
@Suite struct UndoTests {
    /// The index of who has a target's name is right after somebody was killed, and after the settings have changed.
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

    @Test func aNamelessEventIsNobodysAnswer() throws {
        let world = try world()
        #expect(mkdir(world.scratch / "leases/silent", 0o700) == 0)
        world.scratch.write("leases/silent/b", "")
        try world.handle(variables("update", "aa:bb:cc:dd:ee:02", "10.0.0.2", ""))
        #expect(world.fragment == "")
        #expect(contents(world.scratch / "leases/silent/b") != nil)
        try world.handle(variables("remove", "aa:bb:cc:dd:ee:09", "10.0.0.9", "b"))
        #expect(contents(world.scratch / "leases/silent/b") != nil, "nor who gives a lease back")
        try world.handle(variables("add", "aa:bb:cc:dd:ee:02", "10.0.0.2", "b"))
        #expect(contents(world.scratch / "leases/silent/b") == nil)
    }
}
