import Basics
import Leases
import Linux
import Network
import TestSupport
import Testing

@testable import Dnsmasq

@Suite struct LeaseFileTests {
    private let now = Instant(sinceStart: .seconds(1000))
    private let wallClock = Duration.seconds(1_795_281_000)
    private let file = LeaseFile(
        text: """
            1795281088 02:77:00:00:00:01 10.0.0.1 Wired 01:02:77:00:00:00:01
            0 02:77:00:00:00:02 10.0.0.2 * ff:00:01
            43200 20-02:77 10.0.0.3 arch *
            1795280000 02:77:00:00:00:04 10.0.0.4 over *
            17952810880 02:77:00:00:00:05 10.0.0.5 long *
            -1 02:77:00:00:00:05 10.0.0.5 minus *
            x 02:77:00:00:00:05 10.0.0.5 word *
            1795281088 02:77:00:00:00:05 10.0.0.5 four
            1795281088 02:77:00:00:00:05 10.0.0 address *
            1795281088 x 10.0.0.8 client *
            1795281088 02:77:00:00:00:06 10.0.0.6 ../x *

            duid 00:01:00:01:2f:00
            1795281090 1234 fd00::1 six 00:01:00:01:2a:bb:01
            9999999999 T7 fd00::2 seven 00:01:00:01:2a:bc:01 more words
            1795281090 8 fd00::3 eight aa:bb:cc:dd:ee:ff
            1795281088 02:77:00:00:00:09 10.0.0.9 cut *
            """)

    private func names(_ leases: [LeaseStorage.ClientLease]) -> [ByteString] {
        leases.map {
            let name = $0.lease.hostName?.text ?? "-"
            return "\($0.client.name) \($0.lease.addresses[0]) \(name) \($0.lease.hardware)"
        }
    }

    @Test func listsLeases() {
        let all = file.leases(at: now, wallClock: wallClock)
        #expect(
            names(all) == [
                "02:77:00:00:00:01 10.0.0.1 wired ", "id-ff:00:01 10.0.0.2 - 02:77:00:00:00:02",
                "20-02:77 10.0.0.3 arch ",
                "02:77:00:00:00:04 10.0.0.4 over ", "02:77:00:00:00:06 10.0.0.6 - ",
                "duid-00:01:00:01:2a:bb:01 fd00::1 six ", "duid-00:01:00:01:2a:bc:01 fd00::2 seven ",
                "duid-aa:bb:cc:dd:ee:ff fd00::3 eight ", "02:77:00:00:00:09 10.0.0.9 cut ",
            ])
        let ends = all.map { lease in lease.lease.expires.map { $0 - now } }
        #expect(
            ends == [
                .seconds(88), nil, nil, .zero, .seconds(88), .seconds(90), .seconds(9_999_999_999 - 1_795_281_000),
                .seconds(90), .seconds(88),
            ])
    }

    @Test func listsLeasesOfCertainNames() {
        let found = file.leases(at: now, wallClock: wallClock, of: NameIndex(["wired", "seven", "client"]))
        #expect(names(found).map { $0.words[1] } == ["10.0.0.1", "fd00::2"])
    }

    @Test func knowsWhenALeaseEnds() {
        func term(
            _ address: Address, _ kind: ClientIdentifier.Kind, _ client: ByteString, hardware: ByteString = ""
        ) -> Lease.Term {
            file.term(
                of: Lease(addresses: [address], hardware: hardware), ClientIdentifier(kind, client)!,
                wallClock: wallClock)
        }
        #expect(term("10.0.0.1", .hardware, "02:77:00:00:00:01") == .limited(.seconds(88)))
        #expect(term("10.0.0.1", .option61, "ff", hardware: "02:77:00:00:00:01") == .limited(.seconds(88)))
        #expect(term("10.0.0.1", .hardware, "02:77:00:00:00:02") == .unknown, "another client has the address")
        #expect(term("10.0.0.2", .option61, "ff:00:01") == .endless)
        #expect(term("10.0.0.3", .hardware, "20-02:77") == .endless, "dnsmasq has no clock")
        #expect(term("10.0.0.4", .hardware, "02:77:00:00:00:04") == .unknown, "the end has passed")
        #expect(term("10.0.0.5", .hardware, "02:77:00:00:00:05") == .unknown, "no line is valid")
        #expect(term("fd00::1", .duid, "00:01:00:01:2a:bb:01") == .limited(.seconds(90)))
    }

    /// The event itself may show another name.
    @Test(arguments: [
        ("02:77:00:00:00:01", "10.0.0.1", "wired"), ("02:77:00:00:00:02", "10.0.0.1", ""),
        ("02:77:00:00:00:02", "10.0.0.2", ""), ("02:77:00:00:00:01", "10.0.0.7", ""),
    ])
    func tellsTheNameOfAnEventsLease(client: String, address: String, name: String) throws {
        let environment = ["ACTION": "add", "MACADDR": client, "IPADDR": address, "HOSTNAME": "box"]
        let event = try LeaseEvent(router: "", procd: "box") { environment["\($0)"].map { ByteString($0) } }
        #expect(file.hostName(of: event) == HostName(ByteString(name)))
    }

    /// A record is kept while any identifier of its client is in the file.
    @Test func namesAllClients() {
        var texts: [ByteString] = []
        file.forEachLease { texts += [$0[1], $0[4]] }
        for held in file.leases(at: now, wallClock: wallClock) { #expect(texts.contains(held.client.text)) }
        #expect(
            texts.uniqued.sorted() == [
                "*", "00:01:00:01:2a:bb:01", "00:01:00:01:2a:bc:01", "01:02:77:00:00:00:01", "02:77:00:00:00:01",
                "02:77:00:00:00:02", "02:77:00:00:00:04", "02:77:00:00:00:05", "02:77:00:00:00:06", "02:77:00:00:00:09",
                "1234", "20-02:77", "8", "T7", "aa:bb:cc:dd:ee:ff", "ff:00:01", "x",
            ])
    }

    // MARK: Reading

    private let scratch = Scratch(in: "/dev/shm")
    private static let line = "1795281088 02:77:00:00:00:01 10.0.0.1 arch *\n"

    /// Reads the file, which was changed `age` ago. Each pause takes its time, or makes the next change.
    private func read(
        after first: String, _ changes: [String?] = [], age: Duration = .milliseconds(1)
    ) throws -> (file: LeaseFile?, pauses: [Duration]) {
        let path = scratch.write("leases", first)
        var (clock, changes) = (try #require(try FileStatus(at: ByteString(path))).changed + age, changes)
        var pauses: [Duration] = []
        func pause(_ pause: Duration) {
            pauses.append(pause)
            clock += pause
            guard !changes.isEmpty, let text = changes.removeFirst() else { return }
            scratch.write("leases", text)
            clock = (try? FileStatus(at: ByteString(path)))??.changed ?? clock
        }
        return (LeaseFile.read(ByteString(path), wallClock: { clock }, pause: pause), pauses)
    }

    /// Returns whether the file lists a lease of 10.0.0.1; nil if the file proves nothing.
    private func isThere(_ file: LeaseFile?) -> Bool? {
        file.map { file in
            file.leases(at: Instant(sinceStart: .zero), wallClock: .zero).contains {
                $0.lease.addresses == ["10.0.0.1"]
            }
        }
    }

    @Test func readsAFileAtRestAtOnce() throws {
        let (file, pauses) = try read(after: Self.line, age: .milliseconds(50))
        #expect(isThere(file) == true && pauses.isEmpty)
        let (empty, none) = try read(after: "", age: .seconds(5))
        #expect(isThere(empty) == false && none.isEmpty)
    }

    /// dnsmasq empties the file before it writes the leases.
    @Test func waitsForAWriter() throws {
        let (emptied, pauses) = try read(after: "", [Self.line])
        #expect(isThere(emptied) == true && pauses == [.milliseconds(49), .milliseconds(50)])
        let (half, short) = try read(after: String(Self.line.prefix(30)), [nil, Self.line], age: .seconds(5))
        #expect(isThere(half) == true && short == [.milliseconds(5), .milliseconds(5), .milliseconds(50)])
        let (really, _) = try read(after: "", age: .zero)
        #expect(isThere(really) == false)
        let (last, _) = try read(after: Self.line, [""])
        #expect(isThere(last) == false)
    }

    /// The clock was set back.
    @Test func readsAFileFromTheFuture() throws {
        let (file, pauses) = try read(after: Self.line, age: .seconds(-1000))
        #expect(isThere(file) == true && pauses == [.milliseconds(50)])
    }

    @Test func givesUpAfterASecond() throws {
        let (cut, pauses) = try read(after: String(Self.line.dropLast()), age: .seconds(5))
        #expect(cut == nil && pauses.reduce(.zero, +) == .seconds(1))
        let (restless, _) = try read(after: Self.line, (0..<30).map { String(repeating: Self.line, count: $0) })
        #expect(restless == nil)
    }

    @Test func aMissingFileProvesNothing() throws {
        let path = ByteString(scratch / "no")
        #expect(LeaseFile.read(path, pause: { _ in Issue.record("waits") }) == nil)
        #expect(LeaseFile.read(ByteString(scratch.path)) == nil, "a folder")
    }
}
