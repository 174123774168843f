import Basics
import Configuration
import Leases
import Network
import TestSupport
import Testing

@testable import Dnsmasq

/// Which leases an instance of dnsmasq knows, where several run.
@Suite struct KnownLeaseTests {
    private func instances(_ files: [String]) -> [Instance] {
        let rendered = files.enumerated().map {
            RenderedFile(ByteString("/var/etc/dnsmasq.conf.\($0)"), ByteString($1))
        }
        return Instance.all(Settings().updater, rendered) { "lan" }
    }

    private func known(_ instance: Instance, _ addresses: [Address]) -> [Address] {
        addresses.filter { instance.knows(Lease(addresses: [$0])) }
    }

    private static let all: [Address] = [
        "192.168.1.20", "192.168.1.99", "192.168.2.20", "10.0.0.1", "fd00:1::20", "fd00:2::20", "fd00:1::ffff:1",
    ]

    @Test func aSingleOneKnowsAll() {
        #expect(known(instances(["conf-dir=/tmp/a\ndhcp-range=192.168.1.10,192.168.1.50"])[0], Self.all) == Self.all)
        #expect(known(instances([])[0], Self.all) == Self.all)
        // Two that look into one folder count as one.
        let shared = instances(["conf-dir=/tmp/a\ndhcp-range=1.0.0.1,1.0.0.2", "conf-dir=/tmp/a\n"])
        #expect(shared.count == 1 && known(shared[0], Self.all) == Self.all)
    }

    @Test func eachKnowsWhatStandsInItsOwnFile() {
        let scratch = Scratch()
        scratch.write("one", "9 aa:bb:cc:dd:ee:01 192.168.1.20 arch *\n")
        scratch.write("two", "9 aa:bb:cc:dd:ee:02 192.168.2.20 bigsur *\nduid 00:01\n9 7 fd00:2::20 bigsur 00:01\n")
        let two = instances([
            "conf-dir=/tmp/a\ndhcp-leasefile=\(scratch / "one")", "conf-dir=/tmp/b\ndhcp-leasefile=\(scratch / "two")",
        ])
        #expect(known(two[0], Self.all) == ["192.168.1.20"])
        #expect(known(two[1], Self.all) == ["192.168.2.20", "fd00:2::20"])
    }

    /// The second has a range of reservations alone; the third takes the prefix of its interface.
    @Test func withASharedFileTheNetworksCount() {
        let file = "dhcp-leasefile=/tmp/dhcp.leases\n"
        let four = instances([
            file + "conf-dir=/tmp/a\ndhcp-range=set:lan,192.168.1.10,192.168.1.50,255.255.255.0,12h",
            file + "conf-dir=/tmp/b\ndhcp-range=set:guest,192.168.2.0,static,255.255.255.0,12h",
            file
                + "conf-dir=/tmp/c\ndhcp-range=set:six,::1,::ffff,constructor:br-lan,64,12h\ndhcp-range=10.0.0.1,10.0.0.9",
            file + "conf-dir=/tmp/d\ndhcp-range=fd00:2::1,fd00:2::ff\ndhcp-range=frob",
        ])
        #expect(known(four[0], Self.all) == ["192.168.1.20", "192.168.1.99"])
        #expect(known(four[1], Self.all) == ["192.168.2.20"])
        #expect(known(four[2], Self.all) == ["10.0.0.1", "fd00:1::20", "fd00:2::20"])
        #expect(known(four[3], Self.all) == ["fd00:2::20"])
        // Of one that gives no addresses nothing is known.
        #expect(known(instances(["conf-dir=/tmp/a", "conf-dir=/tmp/b\n"])[0], Self.all) == Self.all)
    }

    /// Two clients that want one name, and one that has IPv4 and IPv6.
    @Test func aNameBelongsToWhomDnsmasqGivesIt() {
        let scratch = Scratch()
        let path = ByteString(
            scratch.write(
                "leases",
                "9 aa:bb:cc:dd:ee:01 10.0.0.1 * *\n9 aa:bb:cc:dd:ee:02 10.0.0.2 arch *\n9 7 fd00::1 arch 00:01\n"))
        let files = LeaseFiles { [path] }
        func lease(_ address: Address, _ hardware: ByteString) -> Lease {
            Lease(addresses: [address], hostName: "arch", hardware: hardware)
        }
        let (old, new) = (lease("10.0.0.1", "aa:bb:cc:dd:ee:01"), lease("10.0.0.2", "aa:bb:cc:dd:ee:02"))
        let other = lease("fd00::1", "aa:bb:cc:dd:ee:02")
        #expect(files.narrowed([old, new, other], of: "arch") == [new, other])
        #expect(files.narrowed([old, other], of: "arch") == [old, other])
        // What does not stand there is left alone.
        let unknown = lease("10.0.0.9", "aa:bb:cc:dd:ee:09")
        #expect(files.narrowed([old, unknown], of: "arch") == [unknown])
        #expect(files.narrowed([unknown, lease("10.0.0.8", "")], of: "arch").count == 2)
    }
}
