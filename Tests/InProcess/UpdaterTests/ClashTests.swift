import Basics
import TestSupport
import Testing

@testable import Updater

/// What another CNAME of dnsmasq's does to the fragment. With a fragment that clashes with one, dnsmasq does not start.
@Suite struct ClashTests {
    private static let sections = "config cname m\n list target a\nconfig cname n\n list target b\n"
    private static let (m, n) = ("cname=m,m.lan,a.lan", "cname=n,n.lan,b.lan")
    private static let mIsOut = "#m is left out: a CNAME has its name or its target's"

    /// Both aliases lead somewhere, and dnsmasq has them.
    private func world() throws -> EventWorld {
        let world = try EventWorld(Self.sections)
        try run(["mkdir", "-p", world.scratch / "etc"])
        try render(world)
        try world.handle(variables("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        try world.handle(variables("add", "aa:bb:cc:dd:ee:02", "10.0.0.2", "b"))
        #expect(world.fragment == "\(Self.m)\n\(Self.n)")
        try world.restart()
        return world
    }

    private func render(_ world: EventWorld, _ text: String = "") throws {
        // Another file each time, as OpenWrt's init script makes it.
        world.scratch.write("etc/.new", "conf-dir=\(world.scratch / "conf")\n\(text)\n")
        try run(["mv", world.scratch / "etc/.new", world.scratch / "etc/dnsmasq.conf.cfg01411c"])
    }

    private func replay(_ world: EventWorld) throws {
        for (number, host) in [(1, "a"), (2, "b")] {
            try world.handle(
                variables(
                    "update", "aa:bb:cc:dd:ee:0\(number)", "10.0.0.\(number)", host, ["DNSMASQ_DATA_MISSING": "1"]))
        }
    }

    /// - Returns: Whether a restart is asked for.
    private func apply(_ world: EventWorld) throws -> Bool {
        // Nobody is there to be told that it is urgent.
        #expect(throws: Fault.self) { try world.context().apply() }
        return world.isPending()
    }

    @Test(arguments: ["m", "m.lan", "a.lan"], ["etc", "conf", "dhcp"])
    func oneThatClashesGoesOut(name: String, place: String) throws {
        let world = try world()
        switch place {
        case "etc": try render(world, "cname=\(name),x.lan")
        case "conf": world.scratch.write("conf/other", "cname=\(name),x.lan\n")
        default: world.scratch.write("dhcp", "config cname\n option cname \(name)\n option target x\n")
        }
        #expect(try apply(world))
        #expect(world.fragment == "\(Self.mIsOut)\n\(Self.n)")
        try world.restart()
        // An event finds nothing to do, wherever the alias would lead.
        try world.handle(variables("update", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        try replay(world)
        try world.context().apply()
        #expect(!world.isPending())
        try world.handle(variables("remove", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        #expect(world.fragment == Self.n)
        try world.handle(variables("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        #expect(world.fragment == "\(Self.mIsOut)\n\(Self.n)")
        #expect(!world.isPending(), "dnsmasq has it like that")
    }

    /// The other one is taken away: it still stands in what dnsmasq was started with when we look, so the replay that
    /// follows dnsmasq's own restart brings the alias back.
    @Test func theReplayOfAnotherRenderingBringsItBack() throws {
        let world = try world()
        try render(world, "cname=m,x.lan")
        #expect(try apply(world))
        try world.restart()
        try render(world)
        try replay(world)
        #expect(world.fragment == "\(Self.m)\n\(Self.n)")
        #expect(world.isPending())
        try world.restart()
        try replay(world)
        #expect(!world.isPending())
    }

    /// LuCI's two reloads in either order: ours first, then dnsmasq's, or the other way round.
    @Test(arguments: [true, false]) func eitherOrderOfTheReloadsIsRight(oursFirst: Bool) throws {
        let world = try world()
        world.scratch.write("dhcp", "config cname\n option cname m\n option target x\n")
        if !oursFirst { try render(world, "cname=m,x") }
        #expect(try apply(world))
        #expect(world.fragment == "\(Self.mIsOut)\n\(Self.n)")
        if oursFirst { try render(world, "cname=m,x") }
        try world.restart()
        try replay(world)
        #expect(!world.isPending())
        #expect(world.fragment == "\(Self.mIsOut)\n\(Self.n)")
    }

    /// The path of a file may have a blank in it.
    @Test func oneInAFileWithABlankGoesOut() throws {
        let world = try world()
        let other = world.scratch.write("a file", "cname=m,x.lan\n")
        try render(world, "conf-file=\(other)")
        #expect(try apply(world))
        #expect(world.fragment == "\(Self.mIsOut)\n\(Self.n)")
    }

    /// Such as a clash with an argument of dnsmasq's, which stands in no file: `verify` finds that dnsmasq does not run.
    @Test func whatDnsmasqDoesNotRunWithIsLeftOutUntilItChanges() throws {
        let world = try world()
        func withdraw() throws {
            var keeper = try AliasKeeper(world.context())
            #expect(try keeper.withdraw { _ in true }.count == 1)
            #expect(world.fragment.hasPrefix("#! ") && !world.fragment.contains("\n"))
        }
        try world.handle(variables("remove", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        try world.restart()
        try withdraw()
        // The same aliases are not tried again until somebody reloads the service.
        try render(world)
        try world.handle(variables("update", "aa:bb:cc:dd:ee:02", "10.0.0.2", "b", ["DNSMASQ_DATA_MISSING": "1"]))
        #expect(world.fragment.hasPrefix("#! "))
        #expect(!world.isPending())
        try world.context().apply()
        #expect(world.fragment == Self.n)
        #expect(world.isPending())
        try world.restart()
        // Other ones are.
        try withdraw()
        try world.handle(variables("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a"))
        #expect(world.fragment == "\(Self.m)\n\(Self.n)")
        #expect(world.isPending())
    }
}
