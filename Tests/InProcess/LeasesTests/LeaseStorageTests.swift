import Basics
import Leases
import Network
import TestSupport
import Testing

private let one = ClientIdentifier(.hardware, "aa:bb:cc:dd:ee:01")!
private let two = ClientIdentifier(.option61, "ff:11:22:33")!
private let three = ClientIdentifier(.duid, "00:01:00:01:2a:bb")!

/// A clock that tests move.
private final class Clock {
    var now = Instant(sinceStart: .seconds(1000))
}

/// The expired leases that a storage reported, and the renewals that it is given.
private final class Told {
    var leases: [String] = []
    var terms: [String: Lease.Term] = [:]
}

/// Each test runs on the storage in files and on `MemoryLeases`.
@Suite struct LeaseStorageTests {
    private let scratch = Scratch()
    private let clock = Clock()
    private let told = Told()

    /// Runs a test on both storages.
    private func onBoth(_ body: (any TestableStorage) throws -> Void) throws {
        let (clock, told) = (clock, told)
        let storage = LeaseStorage(folder: ByteString(scratch / "run"), now: { clock.now })
        storage.renewal = { told.terms["\($0.name) \($1.addresses[0])"] ?? .unknown }
        storage.expired = { told.leases.append("\($0.name) \($1.job)") }
        try body(storage)
        (told.leases, told.terms) = ([], [:])
        clock.now = Instant(sinceStart: .seconds(1000))
        try body(MemoryLeases(now: { clock.now }, renewal: storage.renewal, expired: storage.expired))
    }

    private func lease(_ address: Address, _ name: HostName? = nil, for seconds: Int? = nil) -> Lease {
        Lease(
            addresses: [address], hostName: name, job: "me",
            expires: seconds.map { Instant(sinceStart: .seconds(1000 + $0)) })
    }

    @Test func keepsWhatItIsGiven() throws {
        let full = Lease(
            addresses: ["10.0.0.1", "fd00::1", "fd00:1::/64"], hostName: "host", hardware: "aa:bb:cc:dd:ee:09",
            job: "dnsmasq", expires: clock.now + .milliseconds(1500), since: clock.now, seen: clock.now - .seconds(1),
            turns: "aa:bb:cc:dd:ee:0a 12.5 3")
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
                #expect(try storage.leases(one) == [lease("10.0.0.2")], "the second change was refused")
            }
            // An equal record is a change too, and so is a return to an earlier record.
            try storage.conflicts(one, with: [lease("10.0.0.2")], then: [lease("10.0.0.3")])
        }
    }

    @Test func refusesACallersMistakes() throws {
        try onBoth { storage in
            try storage.replace(one, [lease("10.0.0.1")])
            let wrong: [[Lease]] = [
                [Lease(addresses: [])], [Lease(addresses: ["10.0.0.1"], hardware: "a\nb")],
                [Lease(addresses: ["10.0.0.1"], job: "\0")], [lease("10.0.0.1"), Lease(addresses: [])],
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
            #expect(told.leases == ["\(one.name) me"], "only the third has expired")
            told.terms = [:]
            clock.now = Instant(sinceStart: .seconds(1016))
            #expect(try storage.leases(one) == renewed, "the new end was recorded")
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
            #expect(told.leases == [], "reading changes nothing")
            #expect(try storage.all().map { $0.lease.addresses[0] } == ["10.0.0.2", "10.0.0.3"])
            #expect(told.leases == [], "reading changes nothing")
            for client in [one, two] { try storage.replace(client, storage.lookup(client).leases) }
            #expect(told.leases.sorted() == ["\(one.name) me", "\(two.name) me"])
            #expect(try storage.clients() == [one])
            #expect(try storage.all().count == 2)
            #expect(told.leases.count == 2, "each is told once")
            clock.now = Instant(sinceStart: .seconds(100_000_000))
            #expect(try storage.all().map { $0.lease.addresses[0] } == ["10.0.0.2"], "one without end never expires")
        }
    }
}

/// The interface of a storage in these tests, with any type of token.
protocol TestableStorage {
    associatedtype Token

    func lookup(_ client: ClientIdentifier) throws(Fault) -> (leases: [Lease], token: Token)
    func leases(of client: ClientIdentifier) throws(Fault) -> [Lease]
    func clients() throws(Fault) -> [ClientIdentifier]
    func all() throws(Fault) -> [LeaseStorage.ClientLease]
    func update(
        _ client: ClientIdentifier, to leases: [Lease], token: Token, announcing announce: () throws(Fault) -> Void
    ) throws(Fault) -> Bool
}

extension LeaseStorage: TestableStorage {}
extension MemoryLeases: TestableStorage {}

/// The reason why a change was refused.
enum Refusal {
    case unavailable, conflict, invalid
}

extension TestableStorage {
    func leases(_ client: ClientIdentifier) throws -> [Lease] { try leases(of: client) }

    func update(_ client: ClientIdentifier, to leases: [Lease], token: Token) throws(Fault) -> Bool {
        try update(client, to: leases, token: token, announcing: { () throws(Fault) in })
    }

    func replace(_ client: ClientIdentifier, _ leases: [Lease]) throws {
        #expect(try update(client, to: leases, token: lookup(client).token))
    }

    func code(_ body: () throws(Fault) -> Bool) -> Refusal? {
        do throws(Fault) {
            return try body() ? nil : .conflict
        } catch {
            return error.code == .data ? .invalid : .unavailable
        }
    }

    func conflicts(_ client: ClientIdentifier, with first: [Lease], then second: [Lease]) throws {
        let slow = try lookup(client).token
        let quick = try lookup(client).token
        #expect(try update(client, to: first, token: quick))
        #expect(code { () throws(Fault) in try update(client, to: second, token: slow) } == .conflict)
        #expect(
            code { () throws(Fault) in try update(client, to: second, token: slow) } == .invalid, "the token is spent")
    }

    /// A failed announcement changes nothing. A second announcement works with that token, and is made once.
    func failsToAnnounce(_ client: ClientIdentifier, _ leases: [Lease]) throws {
        let (before, token) = try lookup(client)
        let failed = code { () throws(Fault) in
            try update(client, to: leases, token: token) { () throws(Fault) in throw Fault(.unavailable, "nobody there")
            }
        }
        #expect(failed == .unavailable)
        #expect(try self.leases(client) == before)
        var announced = 0
        #expect(try update(client, to: leases, token: token) { () throws(Fault) in announced += 1 })
        #expect(announced == 1)
        #expect(code { () throws(Fault) in try update(client, to: [], token: token) { announced += 1 } } == .invalid)
        #expect(announced == 1)
    }

    /// Returns whether a change is refused as invalid. The token must stay valid.
    func isRefused(_ client: ClientIdentifier, _ leases: [Lease]) throws -> Bool {
        let (before, token) = try lookup(client)
        let refused = code { () throws(Fault) in try update(client, to: leases, token: token) } == .invalid
        #expect(try update(client, to: before, token: token))
        return refused
    }

    func spendsTokens(_ client: ClientIdentifier, _ other: ClientIdentifier, _ lease: Lease) throws {
        let token = try lookup(client).token
        #expect(code { () throws(Fault) in try update(other, to: [lease], token: token) } == .invalid)
        #expect(try update(client, to: [lease], token: token))
        #expect(code { () throws(Fault) in try update(client, to: [], token: token) } == .invalid)
        #expect(try leases(client) == [lease])
        #expect(try leases(other) == [])
    }
}
