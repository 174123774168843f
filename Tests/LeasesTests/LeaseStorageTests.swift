import Basics
import Leases
import TestSupport
import Testing

private let one = ClientIdentifier(.hardware, "aa:bb:cc:dd:ee:01")!
private let two = ClientIdentifier(.option61, "ff:11:22:33")!
private let three = ClientIdentifier(.duid, "00:01:00:01:2a:bb")!

/// A clock that tests move.
private final class Clock {
    var now = Instant(sinceStart: .seconds(1000))
}

/// What storages tell owners, and are told of renewals.
private final class Told {
    var leases: [String] = []
    var terms: [String: LeaseEvent.Term] = [:]
}

/// Both storages are held to the same.
@Suite struct LeaseStorageTests {
    private let scratch = Scratch()
    private let clock = Clock()
    private let told = Told()

    /// Runs a test on both.
    private func onBoth(_ body: (any TestableStorage) throws -> Void) throws {
        let (clock, told) = (clock, told)
        let renewals: Renewals = { told.terms["\($0.name) \($1.addresses[0])"] ?? .unknown }
        let owner: Owner = { told.leases.append("\($0.name) \($1.owner)") }
        let run = ByteString(scratch / "run")
        try body(DirectoryLeases(run: run, now: { clock.now }, renewals: renewals, owner: owner))
        (told.leases, told.terms) = ([], [:])
        clock.now = Instant(sinceStart: .seconds(1000))
        try body(MemoryLeases(now: { clock.now }, renewals: renewals, owner: owner))
    }

    private func lease(_ address: ByteString, _ name: ByteString = "", for seconds: Int? = nil) -> Lease {
        Lease(
            addresses: [address], hostName: name, owner: "me",
            expires: seconds.map { Instant(sinceStart: .seconds(1000 + $0)) })
    }

    @Test func keepsWhatItIsGiven() throws {
        let full = Lease(
            addresses: ["10.0.0.1", "fd00::1", "fd00:1::/64"], hostName: "host", hardware: "aa:bb:cc:dd:ee:09",
            owner: "dnsmasq", expires: clock.now + .milliseconds(1500), since: clock.now, seen: clock.now - .seconds(1))
        try onBoth { storage in
            #expect(try storage.leases(one) == [])
            for client in [one, two, three] {
                try storage.replace(client, [full, lease("10.0.0.2")])
                #expect(try storage.leases(client) == [full, lease("10.0.0.2")])
            }
            try storage.replace(one, [lease("10.0.0.2", "a")])
            #expect(try storage.leases(one) == [lease("10.0.0.2", "a")])
            #expect(try storage.leases(two).count == 2, "others are not touched")
            try storage.replace(one, [])
            #expect(try storage.leases(one) == [])
        }
    }

    @Test func readsAllInTheOrderOfTheNames() throws {
        try onBoth { storage in
            for client in [three, two, one] { try storage.replace(client, [lease("10.0.0.1"), lease("10.0.0.2")]) }
            try storage.replace(two, [lease("10.0.0.3")])
            #expect(try storage.clients() == [one, three, two])
            #expect(
                try storage.all().map { "\($0.client.name) \($0.lease.addresses[0])" as ByteString } == [
                    "aa:bb:cc:dd:ee:01 10.0.0.1", "aa:bb:cc:dd:ee:01 10.0.0.2", "duid-00:01:00:01:2a:bb 10.0.0.1",
                    "duid-00:01:00:01:2a:bb 10.0.0.2", "id-ff:11:22:33 10.0.0.3",
                ])
        }
    }

    @Test func whoIsLateLooksUpAgain() throws {
        try onBoth { storage in
            for before in [[], [lease("10.0.0.1")]] {
                try storage.replace(one, before)
                try storage.conflicts(one, with: [lease("10.0.0.2")], then: [lease("10.0.0.3")])
                #expect(try storage.leases(one) == [lease("10.0.0.2")], "nothing of the second change")
            }
            // The same again is a change too, and so is one that goes back.
            try storage.conflicts(one, with: [lease("10.0.0.2")], then: [lease("10.0.0.3")])
        }
    }

    @Test func refusesACallersMistakes() throws {
        try onBoth { storage in
            try storage.replace(one, [lease("10.0.0.1")])
            let wrong: [[Lease]] = [
                [Lease(addresses: [])], [lease("10.0.0.1 10.0.0.2")], [lease("10.0.0.256")], [lease("FD00::1")],
                [lease("10.0.0.0/33")], [lease("fd00::/129")], [lease("10.0.0.0/")], [lease("")],
                [lease("10.0.0.1", "a b")], [lease("10.0.0.1", "a\nb")],
                [Lease(addresses: ["10.0.0.1"], hardware: "a\nb")], [Lease(addresses: ["10.0.0.1"], owner: "\0")],
                [lease("10.0.0.1"), lease("x")],
            ]
            for leases in wrong {
                #expect(try storage.isRefused(one, leases), "\(leases)")
            }
            #expect(try storage.leases(one) == [lease("10.0.0.1")])
        }
    }

    @Test func changesNothingThatCanNotBeAnnounced() throws {
        try onBoth { storage in
            for (before, after) in [([], [lease("10.0.0.1")]), ([lease("10.0.0.1")], [lease("10.0.0.2")])] {
                try storage.replace(one, before)
                try storage.failsToAnnounce(one, after)
                #expect(try storage.leases(one) == after, "the token was still good")
            }
            try storage.failsToAnnounce(one, [])
        }
    }

    @Test func aTokenIsForOneChangeOfOneClient() throws {
        try onBoth { storage in try storage.spendsTokens(one, two, lease("10.0.0.1")) }
    }

    @Test func keepsWhatWasRenewed() throws {
        try onBoth { storage in
            try storage.replace(one, ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map { lease($0, for: 10) })
            told.terms = ["\(one.name) 10.0.0.1": .limited(.seconds(5)), "\(one.name) 10.0.0.2": .endless]
            clock.now = Instant(sinceStart: .seconds(1012))
            let renewed = [lease("10.0.0.1", for: 17), lease("10.0.0.2")]
            #expect(try storage.leases(one) == renewed)
            try storage.replace(one, storage.lookup(one).leases)
            #expect(told.leases == ["\(one.name) me"], "only of the third")
            told.terms = [:]
            clock.now = Instant(sinceStart: .seconds(1016))
            #expect(try storage.leases(one) == renewed, "kept as it was told once")
            clock.now = Instant(sinceStart: .seconds(1017))
            #expect(try storage.leases(one) == [lease("10.0.0.2")])
        }
    }

    @Test func removesWhatExpiredAndTellsItsOwner() throws {
        try onBoth { storage in
            try storage.replace(one, [lease("10.0.0.1", for: 10), lease("10.0.0.2"), lease("10.0.0.3", for: 20)])
            try storage.replace(two, [lease("10.0.0.4", for: 10)])
            clock.now = Instant(sinceStart: .seconds(1009))
            #expect(try storage.leases(one).count == 3)
            clock.now = Instant(sinceStart: .seconds(1010))
            #expect(try storage.leases(one).map { $0.addresses[0] } == ["10.0.0.2", "10.0.0.3"])
            #expect(told.leases == [], "who only reads changes nothing")
            #expect(try storage.all().map { $0.lease.addresses[0] } == ["10.0.0.2", "10.0.0.3"])
            #expect(told.leases == [], "who only reads changes nothing")
            for client in [one, two] { try storage.replace(client, storage.lookup(client).leases) }
            #expect(told.leases.sorted() == ["\(one.name) me", "\(two.name) me"])
            #expect(try storage.clients() == [one])
            #expect(try storage.all().count == 2)
            #expect(told.leases.count == 2, "once")
            clock.now = Instant(sinceStart: .seconds(100_000_000))
            #expect(try storage.all().map { $0.lease.addresses[0] } == ["10.0.0.2"], "a lease without end has none")
        }
    }
}

/// What the tests do with a storage, whatever its tokens are.
private protocol TestableStorage: LeaseStorage {}
extension DirectoryLeases: TestableStorage {}
extension MemoryLeases: TestableStorage {}

extension TestableStorage {
    func leases(_ client: ClientIdentifier) throws -> [Lease] { try readOnly(client) }

    func replace(_ client: ClientIdentifier, _ leases: [Lease]) throws {
        try update(client, to: leases, lookup(client).token)
    }

    func code(_ body: () throws(LeaseFault) -> Void) -> LeaseFault.Code? {
        do throws(LeaseFault) {
            try body()
            return nil
        } catch {
            #expect(error.keepsToken == (error.code != .conflict))
            return error.code
        }
    }

    func conflicts(_ client: ClientIdentifier, with first: [Lease], then second: [Lease]) throws {
        let slow = try lookup(client).token
        let quick = try lookup(client).token
        try update(client, to: first, quick)
        #expect(code { () throws(LeaseFault) in try update(client, to: second, slow) } == .conflict)
        #expect(code { () throws(LeaseFault) in try update(client, to: second, slow) } == .invalid, "it is spent")
    }

    /// At first; then it is announced once.
    func failsToAnnounce(_ client: ClientIdentifier, _ leases: [Lease]) throws {
        let (before, token) = try lookup(client)
        let failed = code { () throws(LeaseFault) in
            try update(client, to: leases, token) { () throws(Fault) in throw Fault(.unavailable, "nobody there") }
        }
        #expect(failed == .unavailable)
        #expect(try self.leases(client) == before)
        var announced = 0
        try update(client, to: leases, token) { () throws(Fault) in announced += 1 }
        #expect(announced == 1)
        #expect(code { () throws(LeaseFault) in try update(client, to: [], token) { announced += 1 } } == .invalid)
        #expect(announced == 1)
    }

    /// And the token is as good as before.
    func isRefused(_ client: ClientIdentifier, _ leases: [Lease]) throws -> Bool {
        let (before, token) = try lookup(client)
        let refused = code { () throws(LeaseFault) in try update(client, to: leases, token) } == .invalid
        try update(client, to: before, token)
        return refused
    }

    func spendsTokens(_ client: ClientIdentifier, _ other: ClientIdentifier, _ lease: Lease) throws {
        let token = try lookup(client).token
        #expect(code { () throws(LeaseFault) in try update(other, to: [lease], token) } == .invalid)
        try update(client, to: [lease], token)
        #expect(code { () throws(LeaseFault) in try update(client, to: [], token) } == .invalid)
        let unused = try lookup(client).token
        release(unused)
        #expect(code { () throws(LeaseFault) in try update(client, to: [], unused) } == .invalid)
        #expect(try leases(client) == [lease])
        #expect(try leases(other) == [])
    }
}
