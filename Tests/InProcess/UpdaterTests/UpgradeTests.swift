import Basics
import Configuration
import TestSupport
import Testing

@testable import Updater

/// The first call after an upgrade from the version that kept each lease as a folder.
@Suite struct UpgradeTests {
    private static let sections = "config cname m\n list target a\n list target b\n"
    private static let (one, two) = ("aa:bb:cc:dd:ee:01", "aa:bb:cc:dd:ee:02")

    /// A run directory as that version left it: two leases, the alias leads to b, and a request waits.
    private func world(leaseFile: String) throws -> EventWorld {
        let world = try EventWorld(Self.sections)
        let script = """
            umask 77; cd \(world.scratch.path); rm -f run/settings
            mkdir -p leases/leases leases/targets leases/new leases/silent etc conf run/pending/dnsmasq run/taken
            for client in \(Self.one) \(Self.two); do mkdir leases/leases/$client; done
            echo 10.0.0.1 >leases/leases/\(Self.one)/address; echo other >leases/leases/\(Self.one)/hostname
            echo 10.0.0.2 >leases/leases/\(Self.two)/address; echo b >leases/leases/\(Self.two)/hostname
            echo "5 6  dnsmasq" >leases/leases/\(Self.two)/history; echo 99999 >leases/leases/\(Self.two)/expires
            echo half >leases/new/address
            mkdir leases/targets/a leases/targets/b; touch leases/targets/b/\(Self.two)
            echo 0123456789abcdef >leases/aliases; printf '0123456789abcdef\\nrun 3 at 99.5\\n' >leases/applied
            echo "3 3 0" >run/taken/dnsmasq
            echo 'request dnsmasq' >run/pending/dnsmasq/manual
            echo 'cname=m,m.lan,b.lan' >conf/cname-updater.conf
            echo "dhcp-leasefile=\(world.scratch / "dhcp.leases")" >etc/dnsmasq.conf.cfg01411c
            """
        try run(["sh", "-ec", script])
        world.scratch.write("dhcp.leases", leaseFile)
        return world
    }

    private static let leases = """
        0 \(one) 10.0.0.1 other *
        9999999999 \(two) 10.0.0.2 b 01:\(two)
        1 aa:bb:cc:dd:ee:03 10.0.0.3 a *

        """

    private func inode(_ path: String) throws -> String { try run(["stat", "-c", "%i", path]).output }

    private func check(_ world: EventWorld) throws {
        #expect(world.fragment == "cname=m,m.lan,b.lan")
        let files = try run(["ls", world.scratch / "leases"]).output.split(separator: "\n")
        #expect(Set(files) == ["aliases", "leases", "lock", "silent", "since", "targets"])
        #expect(recorded("hostname", in: world.scratch / "leases/leases/\(Self.two)") == ["b"])
        #expect(recorded("hostname", in: world.scratch / "leases/leases/\(Self.one)") == ["other"])
        #expect(contents(world.scratch / "leases/leases/aa:bb:cc:dd:ee:03") == nil, "that lease has ended")
        #expect(contents(world.scratch / "leases/targets") == "b \(Self.two)")
        // The request that waited runs once, and so covers whatever dnsmasq may not have read.
        #expect(try world.restart())
        #expect(try !world.restart())
        #expect(world.served == world.fragment)
        #expect(try world.ledger.runs(of: "dnsmasq").begun == 4)
    }

    /// The first event may be about a target, or not, or a replay.
    @Test(arguments: ["other", "b", "replay"])
    func losesNothing(host: String) throws {
        let world = try world(leaseFile: Self.leases)
        let fragment = try inode(world.scratch / "conf/cname-updater.conf")
        let more = host == "replay" ? ["DNSMASQ_DATA_MISSING": "1"] : [:]
        if host == "other" {
            try world.handle(variables("update", Self.one, "10.0.0.1", "other"))
        } else {
            try world.handle(variables("update", Self.two, "10.0.0.2", "b", more))
        }
        #expect(try inode(world.scratch / "conf/cname-updater.conf") == fragment, "the alias was there all the time")
        try check(world)
    }

    @Test func aRequestByHandIsEnough() throws {
        let world = try world(leaseFile: Self.leases)
        try run(["mkdir", "-m", "700", "-p", world.scratch / "run/jobs/dnsmasq"])
        #expect(try world.context().request(nil, waits: false, asJSON: false).status == 0)
        try check(world)
    }
}
