import Basics
import Leases
import TestSupport
import Testing

@Suite struct LeaseFileTests {
    private let scratch = Scratch()

    private func term(
        of address: ByteString, _ client: ClientIdentifier?, hardware: ByteString = "", at wallClock: Int
    ) -> LeaseEvent.Term {
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
        return LeaseFile.term(
            of: Lease(addresses: [address], hardware: hardware), client!, in: ByteString(file),
            wallClock: .seconds(wallClock))
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
        #expect(LeaseFile.term(of: lease, other!, in: "/nonexistent", wallClock: .zero) == .unknown)
    }
}
