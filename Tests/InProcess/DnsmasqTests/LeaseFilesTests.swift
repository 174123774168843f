import Basics
import Dnsmasq
import Leases
import Network
import TestSupport
import Testing

@Suite struct LeaseFilesTests {
    private let scratch = Scratch()

    private func term(
        of address: Address, _ client: ClientIdentifier?, hardware: ByteString = "", at wallClock: Int
    ) -> Lease.Term {
        let file = scratch.write(
            "leases",
            """
            1795281088 02:77:00:00:00:01 10.78.41.169 maxwell-arch-wifi 01:02:77:00:00:00:01
            1795281082 02:77:00:00:00:00 10.77.41.168 maxwell-arch ff:00:01
            0 20-02:77 10.77.41.170 * *
            nonsense 02:77:00:00:00:03 10.77.41.171 * *
            99999999999999999999 02:77:00:00:00:03 10.77.41.171 * *

            1795281000
            duid 00:01:00:01:2f:00
            1795281090 1234 fd00::1 maxwell-arch 00:01:00:01:2a:bb

            """)
        return LeaseFiles { [ByteString(file)] }.term(
            of: Lease(addresses: [address], hardware: hardware), client!, wallClock: .seconds(wallClock))
    }

    @Test func knowsWhenALeaseEnds() {
        let hardware = ClientIdentifier(.hardware, "02:77:00:00:00:01")
        #expect(term(of: "10.78.41.169", hardware, at: 1_795_281_000) == .limited(.seconds(88)))
        #expect(term(of: "10.78.41.169", hardware, at: 1_795_281_088) == .unknown, "it has ended")
        #expect(
            term(of: "10.77.41.168", ClientIdentifier(.option61, "ff:00:01"), at: 1_795_281_000)
                == .limited(.seconds(82)))
        #expect(
            term(of: "fd00::1", ClientIdentifier(.duid, "00:01:00:01:2a:bb"), at: 0)
                == .limited(.seconds(1_795_281_090)))
        #expect(term(of: "10.77.41.170", ClientIdentifier(.hardware, "20-02:77"), at: 1_795_281_000) == .endless)
    }

    @Test func isNotMisled() {
        let other = ClientIdentifier(.hardware, "02:77:00:00:00:07")
        #expect(term(of: "10.78.41.169", other, at: 0) == .unknown, "another has the address")
        #expect(term(of: "10.78.41.1", ClientIdentifier(.hardware, "02:77:00:00:00:01"), at: 0) == .unknown)
        #expect(term(of: "10.77.41.171", ClientIdentifier(.hardware, "02:77:00:00:00:03"), at: 0) == .unknown)
        let lease = Lease(addresses: ["10.78.41.169"])
        #expect(LeaseFiles { ["/nonexistent"] }.term(of: lease, other!, wallClock: .zero) == .unknown)
    }

    /// The event itself may show another name.
    @Test(arguments: [
        ("02:77:00:00:00:01", "10.78.41.169", "wired"), ("02:77:00:00:00:02", "10.78.41.169", ""),
        ("02:77:00:00:00:03", "10.77.41.170", ""), ("02:77:00:00:00:01", "10.77.41.171", ""),
    ])
    func tellsTheNameOfAnEventsLease(client: String, address: String, name: String) throws {
        let file = scratch.write(
            "names",
            """
            1795281088 02:77:00:00:00:01 10.78.41.169 Wired 01:02:77:00:00:00:01
            0 02:77:00:00:00:03 10.77.41.170 * *

            """)
        let environment = ["ACTION": "add", "MACADDR": client, "IPADDR": address, "HOSTNAME": "box"]
        let event = try LeaseEvent(router: "", procd: "box") { environment["\($0)"].map { ByteString($0) } }
        #expect(LeaseFiles { [ByteString(file)] }.hostName(of: event) == HostName(ByteString(name)))
    }

    /// A new installation begins with these.
    @Test func tellsOfAllLeases() throws {
        let first = scratch.write(
            "first",
            """
            100 02:77:00:00:00:01 10.0.0.1 Wired 01:02:77:00:00:00:01
            0 02:77:00:00:00:02 10.0.0.2 * ff:00:01
            49 02:77:00:00:00:03 10.0.0.3 gone *
            60 20-02:77 10.0.0.4 ../x *
            60 x 10.0.0.5 a *
            60 02:77:00:00:00:06 10.0.0 a *

            """)
        let second = scratch.write("second", "duid 00:01:00:01:2f:00\n70 1234 fd00::0:1 six 00:01:00:01:2a:bb\n")
        let now = Instant(sinceStart: .seconds(1000))
        let held = LeaseFiles { [ByteString(first), ByteString(second)] }
            .leases(at: now, wallClock: .seconds(50), job: "j")
        #expect(
            held.map {
                let name = $0.lease.hostName?.text ?? ""
                return "\($0.client.name) \($0.lease.addresses[0]) \(name) \($0.lease.hardware)"
            }
                as [ByteString]
                == [
                    "02:77:00:00:00:01 10.0.0.1 wired ", "id-ff:00:01 10.0.0.2  02:77:00:00:00:02",
                    "20-02:77 10.0.0.4  ", "duid-00:01:00:01:2a:bb fd00::1 six ",
                ])
        #expect(held.map { $0.lease.expires } == [now + .seconds(50), nil, now + .seconds(10), now + .seconds(20)])
        #expect(held.allSatisfy { $0.lease.since == nil && $0.lease.seen == nil && $0.lease.job == "j" })
    }
}
