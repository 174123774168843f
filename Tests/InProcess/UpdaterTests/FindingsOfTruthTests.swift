import Basics
import CLinux
import TestSupport
import Testing

@testable import Updater

private let alias = "config cname maxwell\n list target maxwell-arch\n"
private let two = alias + " list target maxwell-bigsur\n"
private let arch = "cname=maxwell,maxwell.lan,maxwell-arch.lan"
private let bigsur = "cname=maxwell,maxwell.lan,maxwell-bigsur.lan"

/// Ordinary situations in which events alone would give a wrong picture.
@Suite struct FindingsOfTruthTests {
    /// The alias leads to maxwell-arch, and dnsmasq has loaded that.
    private func world(_ sections: String = alias, _ options: String = "domain=lan") throws -> EventWorld {
        let world = try EventWorld(sections, VirtualDnsmasq("main", options))
        try world.lease(1, "maxwell-arch")
        try world.restart()
        #expect(world.loaded == arch)
        return world
    }

    @Test func aLeaseRemovedFromTheFileByHandIsGone() throws {
        let world = try world()
        let main = world.instances[0]
        world.stop(main)
        main.leases = []
        world.write(main)
        world.start(main)
        try world.watch()
        #expect(world.fragment == "" && world.isPending())
        try world.restart()
        #expect(world.loaded == "" && !world.isPending())
    }

    @Test func aRemoveThatComesBeforeTheAddLeavesNoAlias() throws {
        let world = try EventWorld(alias, .main)
        try world.lease(1, "maxwell-arch", tells: false)
        try world.release(1, "maxwell-arch")
        try world.handle(variables("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "maxwell-arch"))
        #expect(world.fragment == "" && !world.isPending())
        try world.watch()
        #expect(recorded("address", in: world.scratch / "leases/leases/aa:bb:cc:dd:ee:01") == [])
    }

    /// All orders of the events of a lease that is new, loses its name and gets another name.
    @Test func theOrderOfEventsOfOneLeaseDoesNotMatter() throws {
        let (mac, address) = ("aa:bb:cc:dd:ee:01", "10.0.0.1")
        let events = [
            variables("add", mac, address, "maxwell-bigsur"),
            variables("update", mac, address, "", ["DNSMASQ_OLD_HOSTNAME": "maxwell-bigsur"]),
            variables("update", mac, address, "maxwell-arch"),
        ]
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let world = try EventWorld(two, .main)
            try world.lease(1, "maxwell-arch", tells: false)
            for index in order { try world.handle(events[index]) }
            #expect(world.fragment == arch, "\(order)")
            try world.watch()
            #expect(world.fragment == arch, "\(order)")
        }
    }

    /// At the recorded end of a lease that was renewed without an event, the file is read between truncate and write.
    @Test(arguments: ["", "17000"]) func aLeaseFileThatIsBeingWrittenIsReadAgain(part: String) throws {
        let world = try EventWorld(alias, .main)
        let main = world.instances[0]
        try world.lease(1, "maxwell-arch", end: 1100)
        try world.restart()
        world.now = world.now + .seconds(100)
        main.leases[0].end = 9000
        world.scratch.write(main.leaseFile, part)
        // A time in the future says nothing of the age, so the file is read again whatever a busy machine does.
        world.ageOfFiles = .seconds(-10)
        world.onPause = {
            world.onPause = {}
            world.write(main)
        }
        try world.watch()
        #expect(world.fragment == arch && !world.isPending())
    }

    /// A file that stays cut, or is missing, proves nothing: the records decide.
    @Test(arguments: [false, true]) func aLeaseFileThatStaysCutProvesNothing(isMissing: Bool) throws {
        let world = try EventWorld(alias, .main)
        let main = world.instances[0]
        try world.lease(1, "maxwell-arch", end: 1100)
        try world.restart()
        if isMissing { unlink(world.scratch / main.leaseFile) } else { world.scratch.write(main.leaseFile, "17000") }
        try world.watch()
        #expect(world.fragment == arch && !world.isPending())
        #expect(recorded("address", in: world.scratch / "leases/leases/aa:bb:cc:dd:ee:01") == ["10.0.0.1"])
        world.now = world.now + .seconds(101)
        try world.watch()
        #expect(world.fragment == "" && world.isPending())
    }

    /// dnsmasq without a clock gives only the length of a lease, in its file and in its events.
    @Test func withoutAClockBeingListedCounts() throws {
        let world = try EventWorld(alias, .main)
        let line = "43200 aa:bb:cc:dd:ee:01 10.0.0.1 maxwell-arch *\n"
        world.scratch.write("dhcp.leases", line)
        try world.handle(
            variables("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "maxwell-arch", ["DNSMASQ_LEASE_LENGTH": "43200"]))
        try world.restart()
        for _ in 0..<4 {
            #expect(world.fragment == arch && !world.isPending())
            world.now = world.now + .seconds(30000)
            try world.watch()
        }
        #expect(world.aliasRuns == 1)
        #expect(try world.truth().leases().first?.lease.expires == nil)
    }

    @Test func aFirstColumnOfElevenDigitsIsPassedOver() throws {
        let world = try world()
        let text = contents(world.scratch / "dhcp.leases")!
        world.scratch.write("dhcp.leases", "17000000000 aa:bb:cc:dd:ee:03 10.0.0.3 maxwell-bigsur *\n\(text)\n")
        try world.set(two)
        try world.watch()
        #expect(world.fragment == arch)
        #expect(try world.truth().leases().count == 1)
    }

    @Test func theRecordOfALeaseThatTheFileDoesNotHaveIsRemoved() throws {
        let world = try world()
        try world.lease(5, "tv")
        #expect(contents(world.scratch / "leases/leases/aa:bb:cc:dd:ee:05") != nil)
        try world.release(5, "tv", tells: false)
        try world.watch()
        #expect(contents(world.scratch / "leases/leases/aa:bb:cc:dd:ee:05") == nil)
        #expect(contents(world.scratch / "leases/leases/aa:bb:cc:dd:ee:01") != nil)
    }

    /// The alias stays with the system that has the new lease.
    @Test(arguments: [["DNSMASQ_DATA_MISSING": "1"], [:]]) func anAddOfAKnownLeaseIsNoNews(more: [String: String])
        throws
    {
        let world = try EventWorld(two, .main)
        try world.lease(2, "maxwell-bigsur")
        world.now = world.now + .seconds(10)
        try world.lease(1, "maxwell-arch")
        try world.restart()
        #expect(world.loaded == arch)
        world.now = world.now + .seconds(10)
        try world.handle(variables("add", "aa:bb:cc:dd:ee:02", "10.0.0.2", "maxwell-bigsur", more))
        #expect(world.fragment == arch && !world.isPending())
        #expect(recorded("since", in: world.scratch / "leases/leases/aa:bb:cc:dd:ee:02") == ["1000"])
    }

    /// A lease without an event starts at the reconcile that finds it first.
    @Test func aLeaseWithoutAnEventIsTheNewest() throws {
        let world = try EventWorld(two, .main)
        try world.lease(1, "maxwell-arch")
        try world.restart()
        world.now = world.now + .seconds(10)
        try world.lease(2, "maxwell-bigsur", tells: false)
        try world.watch()
        #expect(world.fragment == bigsur && world.isPending())
        #expect(recorded("since", in: world.scratch / "leases/leases/aa:bb:cc:dd:ee:02") == ["1010"])
        world.now = world.now + .seconds(10)
        try world.watch()
        #expect(recorded("since", in: world.scratch / "leases/leases/aa:bb:cc:dd:ee:02") == ["1010"])
    }

    /// Leases from before the installation have an unknown age.
    @Test func atTheFirstReconcileNothingIsNew() throws {
        let world = try EventWorld(two, .main)
        try world.lease(2, "maxwell-bigsur", tells: false)
        try world.lease(1, "maxwell-arch", tells: false)
        try world.watch()
        #expect(recorded("since", in: world.scratch / "leases/leases/aa:bb:cc:dd:ee:02") == [])
        #expect(try world.truth().publications[0].choices[0].reason != .newest)
    }

    /// With `request 'lease'`, a lease that went without an event is a reason for one request.
    @Test func aLeaseThatWentWithoutAnEventIsRequestedOnce() throws {
        let world = try EventWorld(alias + "config updater\n option request lease\n", .main)
        try world.lease(5, "tv")
        #expect(world.isPending(.lease))
        while try world.restart() {}
        try world.release(5, "tv", tells: false)
        try world.watch()
        #expect(world.isPending(.lease))
        while try world.restart() {}
        try world.watch()
        #expect(!world.isPending(.lease))
    }

    // MARK: Reports

    @Test func onlyTheRowThatDiffersNeedsARestart() throws {
        let world = try world(alias + "config cname nas\n list target box\n")
        try world.lease(2, "box")
        func loaded() throws -> [Bool] {
            let one = try world.truth().publications[0]
            return try one.entries.map { try one.hasLoaded($0) }
        }
        #expect(try loaded() == [true, false])
        try world.ledger.withdraw(nil, from: "dnsmasq")
        #expect(try loaded() == [true, false], "a cancelled request loads nothing")
        world.restartFromOutside()
        #expect(try loaded() == [true, true])
        try world.release(1, "maxwell-arch")
        #expect(try loaded() == [false, true], "dnsmasq still has what must go")
    }
}
