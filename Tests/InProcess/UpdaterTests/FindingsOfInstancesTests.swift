import Basics
import CLinux
import TestSupport
import Testing

@testable import Updater

private let alias = "config cname maxwell\n list target maxwell-arch\n"
private let arch = "cname=maxwell,maxwell.lan,maxwell-arch.lan"

/// The instances of dnsmasq, and the aliases that each instance must have.
@Suite struct FindingsOfInstancesTests {
    // MARK: Domains

    @Test(arguments: ["", "domain=#"]) func withoutADomainTheTargetIsTheBareName(options: String) throws {
        let world = try EventWorld(alias, VirtualDnsmasq("main", options))
        try world.lease(1, "maxwell-arch")
        #expect(world.fragment == "cname=maxwell,maxwell-arch")
    }

    /// The domain of a network may be in the conf-dir, or first in the rendered file.
    @Test(arguments: [false, true]) func aTargetHasTheDomainOfItsNetwork(isInConfdir: Bool) throws {
        let main = VirtualDnsmasq.main
        let line = "domain=iot.lan,10.0.2.0/24"
        if !isInConfdir { main.first = line }
        let world = try EventWorld(alias + "config cname nas\n list target box\n", main)
        if isInConfdir { world.scratch.write("conf/networks", line + "\n") }
        try world.lease(1, "maxwell-arch", address: "10.0.2.7")
        try world.lease(2, "box")
        #expect(world.fragment == "cname=maxwell,maxwell.lan,maxwell-arch.iot.lan\ncname=nas,nas.lan,box.lan")
    }

    @Test func twoDomainsInOneConfdirAreOneFragment() throws {
        let world = try EventWorld(
            alias, .main, VirtualDnsmasq("zguest", leaseFile: "guest.leases", network: 1, "domain=guest.lan"))
        try world.lease(1, "maxwell-arch")
        #expect(world.fragment == arch)
        let one = try world.truth().publications
        #expect(one.count == 1 && one[0].instances.map { "\($0.rendered.domain)" } == ["lan", "guest.lan"])
    }

    // MARK: Instances

    /// The init script's draft, which also stays when that script is killed.
    @Test func aDraftIsNoInstance() throws {
        let world = try EventWorld(alias, .main)
        world.scratch.write("etc/dnsmasq.conf.main.4711", "conf-dir=\(world.scratch / "guest")\ndomain=draft\n")
        try world.lease(1, "maxwell-arch")
        try world.restart()
        try world.watch()
        #expect(try world.truth().instances.map { "\($0.name)" } == ["main"])
        #expect(world.loaded == arch && !world.isPending() && world.fragment(in: "guest") == "")
        #expect(try world.context().ranBefore() == ["main"])
    }

    /// The rendered file of a section that was removed, renamed or disabled stays until the boot.
    @Test(arguments: ["config dnsmasq main\n", "config dnsmasq main\nconfig dnsmasq acfg\n option disabled 1\n"])
    func theRenderedFileOfAnInstanceThatWentIsPassedOver(dhcp: String) throws {
        let old = VirtualDnsmasq("acfg", confdir: "guest", "domain=old")
        let world = try EventWorld(alias, .main, old)
        try world.lease(1, "maxwell-arch")
        try world.restart()
        #expect(world.fragment(in: "guest") == "cname=maxwell,maxwell.old,maxwell-arch.old")
        // The instance counts during a restart of dnsmasq.
        world.stop(old)
        #expect(try world.truth().instances.count == 2)
        world.scratch.write("dhcp", dhcp)
        #expect(try world.truth().instances.map { "\($0.name)" } == ["main"])
        #expect(try world.context().ranBefore() == ["main"])
        try world.release(1, "maxwell-arch")
        #expect(world.fragment == "" && world.fragment(in: "guest") != "")
    }

    enum Obstacle: String, CaseIterable {
        case port0 = "port=0: this instance answers no queries"
        case filter = "its conf-dir reads no file of the name"
        case noConfdir = "has no conf-dir"
    }

    /// No fragment, no request, and a finding.
    @Test(arguments: Obstacle.allCases) func anInstanceThatCanNotBeGivenAliasesIsLeftAlone(obstacle: Obstacle) throws {
        let world = try EventWorld(alias, .main)
        let main = world.instances[0]
        let conf = world.scratch / "conf"
        let lines =
            switch obstacle {
            case .port0: "conf-dir=\(conf)\nport=0"
            case .filter: "conf-dir=\(conf),*.dnsmasq"
            case .noConfdir: ""
            }
        world.scratch.write(main.file, "\(lines)\ndhcp-leasefile=\(world.scratch / main.leaseFile)\n\(main.options)\n")
        try world.lease(1, "maxwell-arch")
        try world.watch()
        #expect(world.fragment == "" && !world.isPending())
        let truth = try world.truth()
        #expect(truth.publications.isEmpty)
        #expect(truth.obstacles.count == 1 && "\(truth.obstacles[0].message)".contains(obstacle.rawValue))
    }

    // MARK: Hosts files

    enum HostsFile: CaseIterable { case odhcpd, tabs, bare }

    /// A host in a hosts file counts as up: in odhcpd's file, or in the file of a `config domain`.
    @Test(arguments: HostsFile.allCases) func aNameInAHostsFileIsUp(file: HostsFile) throws {
        let main = VirtualDnsmasq.main
        let world = try EventWorld(alias, main)
        mkdir(world.scratch / "hosts", 0o755)
        world.render(main, "addn-hosts=\(world.scratch / "hosts")")
        try world.watch()
        #expect(world.fragment == "")
        let line =
            switch file {
            case .odhcpd: "fd00:0:0:1::20 maxwell-arch.lan maxwell-arch"
            case .tabs: "10.0.0.1\tmaxwell-arch"
            case .bare: "10.0.0.1 maxwell-arch"
            }
        // A draft does not count.
        world.scratch.write("hosts/.odhcpd.hosts.lan", "10.0.0.9 maxwell-bigsur\n")
        world.scratch.write("hosts/odhcpd.hosts.lan", line + "\n")
        try world.watch()
        #expect(world.fragment == arch && world.isPending())
        #expect(try world.truth().publications[0].choices[0].reason == .hosts)
        unlink(world.scratch / "hosts/odhcpd.hosts.lan")
        try world.watch()
        #expect(world.fragment == "" && !world.isPending())
    }

    @Test func aLeaseBeatsAHostsFile() throws {
        let main = VirtualDnsmasq.main
        let world = try EventWorld(alias + " list target maxwell-bigsur\n", main)
        world.scratch.write("hosts", "10.0.0.1 maxwell-arch\n")
        world.render(main, "addn-hosts=\(world.scratch / "hosts")")
        try world.watch()
        #expect(world.fragment == arch)
        try world.lease(2, "maxwell-bigsur")
        #expect(world.fragment == "cname=maxwell,maxwell.lan,maxwell-bigsur.lan")
    }

    // MARK: Shared lease files

    /// A file that two running instances write proves presence, and not absence.
    @Test func aSharedLeaseFileProvesNoAbsence() throws {
        let guest = VirtualDnsmasq("guest", confdir: "guest", network: 1)
        let world = try EventWorld(alias, .main, guest)
        try world.lease(1, "maxwell-arch", end: 1500)
        #expect(world.fragment == arch)
        guest.leases = [VirtualLease(mac: "aa:bb:cc:dd:ee:09", address: "10.0.1.9", name: "tv", end: 9000)]
        world.write(guest)
        try world.watch()
        #expect(world.fragment == arch, "the other instance has written the file without it")
        #expect(recorded("address", in: world.scratch / "leases/leases/aa:bb:cc:dd:ee:01") == ["10.0.0.1"])
        world.stop(guest)
        try world.watch()
        #expect(world.fragment == "", "nothing else writes the file now")
    }
}

/// With `publish 'hosts'`: dnsmasq follows a folder, and loads a change at once.
@Suite(.ownThread) struct FindingsOfHostsTests {
    private static let sections = alias + "config updater\n option publish hosts\n"

    private func world() throws -> EventWorld {
        let world = try EventWorld(Self.sections, .main)
        try world.lease(1, "maxwell-arch")
        try world.restart()
        #expect(world.fragment == "hostsdir=\(world.scratch / "conf/cname-updater.hosts")")
        #expect(world.loaded == world.fragment)
        return world
    }

    private func addresses(_ world: EventWorld) -> [String] {
        (contents(world.scratch / "conf/cname-updater.hosts/maxwell") ?? "").split(separator: "\n").map {
            String($0.prefix { $0 != " " })
        }
    }

    private func lease(_ mac: Int, _ address: String, _ name: String) -> VirtualLease {
        VirtualLease(mac: "aa:bb:cc:dd:ee:0\(mac)", address: address, name: name)
    }

    /// A client's earlier address is gone, although no event said so.
    @Test(arguments: [false, true]) func onlyTheNewAddressAnswers(othersHaveTheOldOne: Bool) throws {
        let world = try world()
        let main = world.instances[0]
        #expect(addresses(world) == ["10.0.0.1"])
        let new = lease(1, "10.0.0.77", "maxwell-arch")
        main.leases = [new] + (othersHaveTheOldOne ? [lease(3, "10.0.0.1", "tv")] : [])
        world.write(main)
        try world.handle(new.variables("add", at: world.seconds))
        #expect(addresses(world) == ["10.0.0.77"])
        #expect(!world.isPending(), "dnsmasq follows the folder")
    }

    @Test func aNameInAHostsFileIsUp() throws {
        let world = try world()
        world.render(world.instances[0], "addn-hosts=\(world.scratch / "hosts")")
        world.scratch.write("hosts", "fd00:0:0:1::20 maxwell-arch.lan maxwell-arch\n")
        try world.release(1, "maxwell-arch")
        #expect(addresses(world) == ["fd00:0:0:1::20"] && !world.isPending())
    }

    /// dnsmasq answers `localhost` from /etc/hosts.
    @Test func anAliasNamedLocalhostIsLeftOut() throws {
        let world = try EventWorld(Self.sections + "config cname localhost\n list target maxwell-arch\n", .main)
        try world.lease(1, "maxwell-arch")
        #expect(addresses(world) == ["10.0.0.1"])
        #expect(access(world.scratch / "conf/cname-updater.hosts/localhost", F_OK) != 0)
    }

    /// A process does not follow a folder that is made anew.
    @Test func aFolderMadeAnewNeedsARestart() throws {
        let world = try world()
        let folder = world.scratch / "conf/cname-updater.hosts"
        unlink(folder + "/maxwell")
        rmdir(folder)
        // The next folder must have another inode number.
        let other = world.scratch / "conf/other"
        mkdir(other, 0o755)
        try world.watch()
        #expect(addresses(world) == ["10.0.0.1"] && world.isPending())
        #expect(try world.broken() == nil)
        try world.restart()
        try world.watch()
        #expect(!world.isPending() && world.process(world.instances[0])?.loaded == world.onDisk("conf"))
    }

    /// Switches between `cname` and `hosts`.
    @Test func theWayOfPublishingMayChange() throws {
        let world = try world()
        try world.set(alias)
        try world.watch()
        #expect(world.fragment == arch && world.isPending() && addresses(world) == ["10.0.0.1"])
        try world.restart()
        try world.watch()
        #expect(world.loaded == arch && !world.isPending())
        #expect(access(world.scratch / "conf/cname-updater.hosts", F_OK) != 0)
        try world.set(Self.sections)
        try world.watch()
        #expect(world.isPending() && addresses(world) == ["10.0.0.1"])
    }
}
