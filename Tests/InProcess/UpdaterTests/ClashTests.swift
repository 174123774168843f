import Basics
import CLinux
import TestSupport
import Testing

@testable import Updater

/// The effect of dnsmasq's other CNAMEs on the fragment. dnsmasq does not start if one clashes with the fragment.
@Suite struct ClashTests {
    private static let sections = "config cname m\n list target a\nconfig cname n\n list target b\n"
    private static let (m, n) = ("cname=m,m.lan,a.lan", "cname=n,n.lan,b.lan")
    private static let allOut = "# all aliases are left out: dnsmasq did not run with them"

    private static func mIsOut(_ name: String, _ place: String) -> String {
        "#m is left out: '\(name)' is a CNAME at \(place)"
    }

    /// Both aliases have a target, and dnsmasq has loaded them.
    private func world() throws -> EventWorld {
        let world = try EventWorld(Self.sections, .main)
        try world.lease(1, "a")
        try world.lease(2, "b")
        #expect(world.fragment == "\(Self.m)\n\(Self.n)")
        try world.restart()
        #expect(world.loaded == world.fragment)
        return world
    }

    private func render(_ world: EventWorld, _ more: String = "") { world.render(world.instances[0], more) }

    /// Runs the requested job; no further request must follow.
    private func settle(_ world: EventWorld) throws {
        #expect(try world.restart())
        try world.watch()
        #expect(!world.isPending())
    }

    @Test(arguments: ["m", "m.lan", "a.lan"], ["etc", "conf", "dhcp"])
    func oneThatClashesGoesOut(name: String, place: String) throws {
        let world = try world()
        let main = world.instances[0]
        var file = world.scratch / main.file
        switch place {
        case "etc": render(world, "cname=\(name),x.lan")
        case "conf": file = world.scratch.write("conf/other", "cname=\(name),x.lan\n")
        default: world.configure("config cname\n option cname \(name)\n option target x\n")
        }
        try world.watch()
        #expect(world.isPending())
        let lines = world.fragment.split(separator: "\n").map { String($0) }
        #expect(lines.count == 2 && lines.last == Self.n)
        #expect(lines[0].hasPrefix("#m is left out: '\(name)' is a CNAME at "))
        if place != "dhcp" { #expect(lines[0].dropFirst(Self.mIsOut(name, file).count).first == ":") }
        try settle(world)
        #expect(world.loaded == Self.n)
        // An event finds nothing to do, wherever the alias would lead.
        try world.release(1, "a")
        #expect(world.fragment == Self.n)
        try world.lease(1, "a")
        #expect(world.fragment.split(separator: "\n").count == 2)
        #expect(!world.isPending(), "dnsmasq has it like that")
        // The clashing CNAME is removed.
        switch place {
        case "etc": render(world)
        case "conf": unlink(file)
        default: world.configure()
        }
        try world.watch()
        #expect(world.fragment == "\(Self.m)\n\(Self.n)" && world.isPending())
        try settle(world)
        #expect(world.loaded == world.fragment)
    }

    /// A line names the alias that is left out, and the place of the clashing CNAME.
    @Test func theFragmentSaysWhereTheOtherOneIs() throws {
        let world = try world()
        let file = world.scratch.write("conf/other", "# mine\ncname=m.lan,x.lan\n")
        try world.watch()
        #expect(world.fragment == "\(Self.mIsOut("m.lan", file)):2\n\(Self.n)")
    }

    /// LuCI reloads this package and dnsmasq, in either order.
    @Test(arguments: [true, false]) func eitherOrderOfTheReloadsIsRight(oursFirst: Bool) throws {
        let world = try world()
        world.configure("config cname\n option cname m\n option target x\n")
        if !oursFirst { render(world, "cname=m,x") }
        try world.context().apply()
        #expect(world.isPending())
        #expect(world.fragment.hasPrefix("#m is left out: "))
        if oursFirst { render(world, "cname=m,x") }
        try settle(world)
        #expect(world.loaded == Self.n)
    }

    /// The path of a file may have a blank in it.
    @Test func oneInAFileWithABlankGoesOut() throws {
        let world = try world()
        let other = world.scratch.write("a file", "cname=m,x.lan\n")
        render(world, "conf-file=\(other)")
        try world.watch()
        #expect(world.fragment == "\(Self.mIsOut("m", other)):1\n\(Self.n)" && world.isPending())
    }

    /// Another program's restart fails on a CNAME in a file that the rendered file includes, and procd tries again.
    @Test func aFailedStartOfAnotherProgramIsMended() throws {
        let world = try world()
        let main = world.instances[0]
        let other = world.scratch.write("more", "")
        render(world, "conf-file=\(other)")
        try world.watch()
        world.restartFromOutside()
        try world.watch()
        world.scratch.write("more", "cname=m.lan,nas.lan\n")
        world.stop(main)
        try world.watch()
        #expect(world.fragment == "\(Self.mIsOut("m.lan", other)):1\n\(Self.n)")
        #expect(!world.isPending(), "procd tries again")
        world.start(main)
        try world.watch()
        #expect(!world.isPending() && world.loaded == Self.n)
    }

    enum Difference: CaseIterable { case aliases, rendered, confdir, reload, hour }

    /// A clash with an argument of dnsmasq's is in no file, but `verify` finds that dnsmasq does not run.
    @Test(arguments: Difference.allCases)
    func whatDnsmasqDoesNotRunWithIsLeftOutUntilSomethingDiffers(difference: Difference) throws {
        let world = try world()
        let main = world.instances[0]
        world.stop(main)
        try world.verify { $0.leavesOut = ["main"] }
        #expect(world.fragment == Self.allOut && !world.isPending())
        world.start(main)
        // Events, `watch` and restarts do not try these aliases again.
        for _ in 0..<3 {
            world.now = world.now + .seconds(1199)
            try world.lease(2, "b", end: 9000)
            try world.watch()
            try world.verify()
            world.restartFromOutside()
            try world.watch()
            #expect(world.fragment == Self.allOut && !world.isPending())
        }
        switch difference {
        case .aliases: try world.release(1, "a")
        case .rendered: render(world, "cache-size=7")
        case .confdir: world.scratch.write("conf/other", "cache-size=7\n")
        case .reload: try world.context().apply()
        case .hour: world.now = world.now + .seconds(3)
        }
        try world.watch()
        #expect(world.fragment == (difference == .aliases ? Self.n : "\(Self.m)\n\(Self.n)"))
        #expect(world.isPending())
        try settle(world)
        #expect(world.loaded == world.fragment)
    }

    /// An instance that also fails without its aliases gets them back, and no later change is blamed.
    @Test func anInnocentFragmentIsPutBack() throws {
        let world = try world()
        world.stop(world.instances[0])
        try world.verify { $0.leavesOut = ["main"] }
        try world.verify { $0.putsBack = ["main"] }
        #expect(world.fragment == "\(Self.m)\n\(Self.n)" && !world.isPending())
        #expect(try world.context().ranBefore() == [])
        world.now = world.now + .seconds(7200)
        try world.watch()
        #expect(world.fragment == "\(Self.m)\n\(Self.n)" && !world.isPending())
    }

    /// The row of an alias tells that it is left out, and the reason.
    @Test func whatIsLeftOutIsSaid() throws {
        let world = try world()
        let other = world.scratch.write("conf/other", "cname=m,x.lan\n")
        try world.watch()
        try settle(world)
        let one = try world.truth().publications[0]
        #expect(one.entries[0].omission == "'m' is a CNAME at \(ByteString(other)):1")
        #expect(one.entries[1].omission == nil)
        #expect(try one.hasLoaded(one.entries[1]))
        world.stop(world.instances[0])
        try world.verify { $0.leavesOut = ["main"] }
        let left = try world.truth().publications[0]
        #expect(left.entries[1].omission == "dnsmasq did not run with it")
    }
}
