import Aliases
import Basics
import Leases
import Linux
import TestSupport
import Testing

@Suite struct TargetIndexTests {
    private let scratch = Scratch(in: "/dev/shm")
    private let one = ClientIdentifier(.hardware, "aa:bb:cc:dd:ee:01")!
    private let two = ClientIdentifier(.option61, "ff:02")!
    private var run: ByteString { ByteString(scratch / "run") }
    private var index: TargetIndex { TargetIndex(folder: run) }

    private func storage(at seconds: Int = 1000) -> LeaseStorage {
        LeaseStorage(folder: run, now: { Instant(sinceStart: .seconds(seconds)) })
    }

    private func keep(_ client: ClientIdentifier, _ names: [HostName], until seconds: Int? = nil) throws {
        let leases = names.enumerated().map { number, name in
            Lease(
                addresses: ["10.0.0.\(number + 1)"], hostName: name, hardware: client == two ? "aa:bb:cc:dd:ee:02" : "",
                expires: seconds.map { Instant(sinceStart: .seconds($0 + number)) })
        }
        let storage = storage()
        #expect(try storage.update(client, to: leases, storage.lookup(client).token))
    }

    private func rebuild(_ targets: [HostName]) throws {
        try index.rebuild(storage()) { targets.contains($0) }
    }

    /// The lines of the index.
    private var lines: [String] {
        (contents(scratch / "run/targets") ?? "").split(separator: "\n").map { String($0) }
    }

    @Test func findsLeasesThatWereThereBefore() throws {
        try keep(one, ["a", "b"])
        try keep(two, ["a"])
        try rebuild(["a", "c"])
        #expect(try index.leases(of: "a", in: storage()).map { $0.hardware } == [one.text, "aa:bb:cc:dd:ee:02"])
        #expect(try index.leases(of: "c", in: storage()) == [])
        #expect(try index.leases(of: "b", in: storage()) == [], "b is no target")
        try rebuild(["b", "c"])
        #expect(try index.leases(of: "b", in: storage()).map { $0.addresses } == [["10.0.0.2"]])
        #expect(lines == ["b \(one.name)"], "a is not a target any more")
    }

    @Test func strikesOutWhoHasNoLease() throws {
        try keep(two, ["c"])
        try rebuild(["a"])
        for client in [one, two] { try index.add(client, to: "a") }
        try index.add(one, to: "a")
        try keep(one, ["a"], until: 2000)
        #expect(try index.leases(of: "a", in: storage()).count == 1)
        #expect(lines.count == 2, "reading changes nothing")
        #expect(try index.prune(storage()) == Instant(sinceStart: .seconds(2000)))
        #expect(lines == ["a \(one.name)"])
        try keep(one, ["b"])
        #expect(try index.prune(storage()) == nil)
        #expect(lines == [])
    }

    @Test func leasesThatHaveExpiredAreNone() throws {
        try keep(one, ["a", "a"], until: 2000)
        try rebuild(["a"])
        #expect(try index.leases(of: "a", in: storage(at: 2000)).count == 1)
        #expect(try index.prune(storage(at: 2000)) == Instant(sinceStart: .seconds(2001)))
        #expect(try index.leases(of: "a", in: storage(at: 2001)) == [])
        #expect(try index.prune(storage(at: 2001)) == nil)
        #expect(try Files.names(in: ByteString(scratch / "run/leases")) == [])
    }

    /// For a client whose leases are about to be recorded, the new ones count.
    @Test func knowsWhatIsAboutToBeRecorded() throws {
        try keep(one, ["a"])
        try rebuild(["a"])
        let leases = [Lease(addresses: ["10.0.0.9"], hostName: "a"), Lease(addresses: ["10.0.0.8"], hostName: "b")]
        #expect(
            try index.leases(of: "a", in: storage(), knowing: (one, leases)).map { $0.addresses } == [["10.0.0.9"]])
        #expect(try index.leases(of: "a", in: storage(), knowing: (one, [])) == [])
    }

    /// A host is found among many, even if their names start alike.
    @Test func findsOneAmongMany() throws {
        try keep(one, ["h500", "h5"])
        try rebuild([])
        for number in 0..<1000 { try index.add(one, to: HostName(stringLiteral: "h\(number)")) }
        #expect(try index.leases(of: "h500", in: storage()).count == 1)
        #expect(try index.leases(of: "h5", in: storage()).count == 1)
        #expect(try index.leases(of: "h50", in: storage()).isEmpty)
        #expect(try index.leases(of: "h", in: storage()).isEmpty)
    }
}
