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
    private var index: TargetIndex { TargetIndex(run: run) }

    private func storage(at seconds: Int = 1000) -> DirectoryLeases {
        DirectoryLeases(run: run, now: { Instant(sinceStart: .seconds(seconds)) })
    }

    private func keep(_ client: ClientIdentifier, _ names: [ByteString], until seconds: Int? = nil) throws {
        let leases = names.enumerated().map { number, name in
            Lease(
                addresses: ["10.0.0.\(number + 1)"], hostName: name, hardware: client == two ? "aa:bb:cc:dd:ee:02" : "",
                expires: seconds.map { Instant(sinceStart: .seconds($0)) })
        }
        let storage = storage()
        do throws(LeaseFault) {
            try storage.update(client, to: leases, storage.lookup(client).token)
        } catch {
            throw error.fault
        }
    }

    private func clients(of host: String) throws -> [ByteString] {
        try Files.names(in: ByteString(scratch / "run/targets/\(host)"), hidden: true)
    }

    @Test func findsLeasesThatWereThereBefore() throws {
        try keep(one, ["a", "b"])
        try keep(two, ["a"])
        try index.prepare(["a", "c"], storage())
        #expect(try index.leases(of: "a", in: storage()).map { $0.hardware } == [one.text, "aa:bb:cc:dd:ee:02"])
        #expect(try index.leases(of: "c", in: storage()) == [])
        #expect(try index.leases(of: "b", in: storage()) == [], "no target")
        try index.prepare(["b", "c"], storage())
        #expect(try index.leases(of: "b", in: storage()).map { $0.addresses } == [["10.0.0.2"]])
        #expect(
            try Files.names(in: ByteString(scratch / "run/targets"), hidden: true) == ["b", "c"], "a is no target now")
    }

    @Test func strikesOutWhoHasNoLease() throws {
        try keep(two, ["c"])
        try index.prepare(["a"], storage())
        for client in [one, two] { try index.add(client, to: "a") }
        try index.add(one, to: "a")
        try keep(one, ["a"], until: 2000)
        scratch.write("run/targets/a/stray", "")
        #expect(try index.leases(of: "a", in: storage()).count == 1)
        #expect(try clients(of: "a").count == 3, "who only reads changes nothing")
        #expect(try index.pruned(of: "a", in: storage()).count == 1)
        #expect(try clients(of: "a") == [one.name])
        try keep(one, ["b"])
        #expect(try index.pruned(of: "a", in: storage()) == [])
        #expect(try clients(of: "a") == [])
    }

    @Test func leasesThatHaveExpiredAreNone() throws {
        try keep(one, ["a"], until: 2000)
        try index.prepare(["a"], storage())
        #expect(try index.leases(of: "a", in: storage(at: 2000)) == [])
        #expect(try index.pruned(of: "a", in: storage(at: 2000)) == [])
        #expect(try Files.names(in: ByteString(scratch / "run/leases")) == [])
    }

    @Test func clearsAwayWhatSomebodyKilledLeft() throws {
        try run(["mkdir", "-p", scratch / "run/targets/.new"])
        try run(["chmod", "-R", "go=", scratch / "run"])
        scratch.write("run/targets/.new/\(two.name)", "")
        try index.prepare(["a"], storage())
        #expect(try clients(of: "a") == [])
    }

    private func run(_ words: [String]) throws { try TestSupport.run(words) }

    @Test func remembersWhoIsSilent() throws {
        let silence = Silence(run: run)
        #expect(!silence.contains("a"))
        #expect(try silence.hosts() == [])
        try keep(one, ["a"])
        for host: ByteString in ["a", "b", "a"] { try silence.begin(host) }
        #expect(try silence.hosts() == ["a", "b"])
        #expect(try silence.end("a"))
        #expect(try !silence.end("a"))
        #expect(!silence.contains("a") && silence.contains("b"))
    }
}
