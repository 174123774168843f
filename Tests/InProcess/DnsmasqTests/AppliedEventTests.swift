import Basics
import Dnsmasq
import Leases
import TestSupport
import Testing

private let mac = "aa:bb:cc:dd:ee:0f"
private let duid = "00:01:00:01:2a:bb:cc:dd:11:22:33:44:55:66"

private func at(_ seconds: Int) -> Instant { Instant(sinceStart: .seconds(seconds)) }

/// Returns an event with the variables of today's dispatcher, changed by `more`; `-` removes a variable.
private func event(_ action: String, _ more: [String: String] = [:]) throws -> LeaseEvent {
    let all = [
        "ACTION": action, "MACADDR": mac, "IPADDR": "10.0.0.1", "HOSTNAME": "a", "DNSMASQ_INTERFACE": "br-lan",
        "DNSMASQ_TIME_REMAINING": "100",
    ].merging(more) { $1 }
    return try LeaseEvent(router: "OpenWrt") { name in
        all["\(name)"].flatMap { $0 == "-" ? nil : ByteString($0) }
    }
}

private let replay = ["DNSMASQ_DATA_MISSING": "1"]
/// The dispatcher before 2024-12 did not pass on dnsmasq's own variables.
private let bare = ["DNSMASQ_INTERFACE": "-", "DNSMASQ_TIME_REMAINING": "-"]
private let nameGone = ["HOSTNAME": "", "DNSMASQ_OLD_HOSTNAME": "a"]

@Suite struct LeaseEventDetailsTests {
    private static let clients: [([String: String], client: String, hardware: String)] = [
        (["DNSMASQ_CLIENT_ID": "ff:01:02"], "id-ff:01:02", mac),
        (["DNSMASQ_CLIENT_ID": "FF:0A"], "id-ff:0a", mac),
        // Ethernet's type and the MAC address tell only the MAC address.
        (["DNSMASQ_CLIENT_ID": "01:" + mac], mac, ""), (["DNSMASQ_CLIENT_ID": "01:" + mac.uppercased()], mac, ""),
        // Another interface's MAC address, or another type.
        (["DNSMASQ_CLIENT_ID": "01:aa:bb:cc:dd:ee:00"], "id-01:aa:bb:cc:dd:ee:00", mac),
        (["DNSMASQ_CLIENT_ID": "00:" + mac], "id-00:" + mac, mac),
        (["DNSMASQ_CLIENT_ID": ""], mac, ""), (["DNSMASQ_CLIENT_ID": "../x"], mac, ""),
        (["DNSMASQ_CLIENT_ID": Array(repeating: "aa", count: 85).joined(separator: ":")], mac, ""),
        (["MACADDR": duid, "IPADDR": "fd00::1"], "duid-" + duid, ""),
        (["MACADDR": duid, "IPADDR": "fd00::1", "DNSMASQ_MAC": "AA:BB:CC:DD:EE:0F"], "duid-" + duid, mac),
        (["MACADDR": duid, "IPADDR": "fd00::1", "DNSMASQ_MAC": "../x"], "duid-" + duid, ""),
        (["IPADDR": "fd00::1"], mac, ""),
    ]

    @Test(arguments: clients)
    func tellsClientAndInterface(more: [String: String], client: String, hardware: String) throws {
        let read = try event("add", more)
        #expect(read.client.name == ByteString(client))
        #expect(read.hardware == ByteString(hardware))
    }

    private static let terms: [(String, Lease.Term)] = [
        ("0", Lease.Term.limited(.zero)), ("43200", .limited(.seconds(43200))),
        ("999999999", .limited(.seconds(999_999_999))), ("1000000000", .endless), ("4294967295", .endless),
        ("-", .endless),
    ]

    @Test(arguments: terms)
    func readsTheTerm(text: String, term: Lease.Term) throws {
        #expect(try event("add", ["DNSMASQ_TIME_REMAINING": text]).term == term)
    }

    @Test func theTermMayBeUnknown() throws {
        #expect(try event("add", bare).term == .unknown)
        #expect(try event("add", bare.merging(["DNSMASQ_LEASE_EXPIRES": "0"]) { $1 }).term == .endless)
    }

    @Test(arguments: ["", "-1", "1 ", "1.5", "0x10", "12345678901", "1\n"])
    func refusesOtherTerms(text: String) {
        #expect { try event("add", ["DNSMASQ_TIME_REMAINING": text == "-1" ? "-1" : text]) } throws: {
            ($0 as? Fault)?.code == .data
        }
    }

    private static let lives: [(String, [String: String], Bool)] = [
        ("add", [:], true), ("add", bare, true), ("add", replay, false), ("remove", bare, true),
        ("remove", replay, true),
        ("update", [:], true), ("update", bare, false), ("update", replay, false),
        ("update", ["DNSMASQ_INTERFACE": "-", "DNSMASQ_TIME_REMAINING": "-", "DNSMASQ_LEASE_EXPIRES": "9"], true),
    ]

    @Test(arguments: lives)
    func tellsALiveEvent(action: String, more: [String: String], isLive: Bool) throws {
        #expect(try event(action, more).isLive == isLive)
    }
}

@Suite struct AppliedEventTests {
    private let known: Lease = Self.expected()

    private static func expected(
        hostName: HostName? = "a", hardware: ByteString = "", expires: Int? = 1100, since: Int = 1000, seen: Int = 1000
    ) -> Lease {
        Lease(
            addresses: ["10.0.0.1"], hostName: hostName, hardware: hardware, job: "j",
            expires: expires.map { at($0) }, since: at(since), seen: at(seen))
    }

    private let other = Lease(addresses: ["10.0.0.2"], hostName: "o")

    private func lease(after event: LeaseEvent, at seconds: Int, known: Lease?) -> Lease? {
        let leases = [other] + (known.map { [$0] } ?? [])
        let new = event.applied(to: leases, at: at(seconds), job: "j")
        #expect(new.first == other, "other leases are not touched")
        return new.count > 1 ? new[1] : nil
    }

    @Test func aNewLease() throws {
        #expect(lease(after: try event("add"), at: 1000, known: nil) == known)
        let live = lease(after: try event("update"), at: 1000, known: nil)
        #expect(live?.since == nil && live?.seen == at(1000), "it began before we heard of it")
        let replayed = lease(after: try event("update", replay), at: 1000, known: nil)
        #expect(replayed?.since == nil && replayed?.seen == nil && replayed?.expires == at(1100))
        #expect(lease(after: try event("add", bare), at: 1000, known: nil)?.expires == nil)
    }

    @Test func aRenewal() throws {
        let renewed = lease(after: try event("update"), at: 1050, known: known)
        #expect(renewed == Self.expected(expires: 1150, seen: 1050))
        let newAgain = lease(after: try event("add"), at: 1050, known: known)
        #expect(newAgain == Self.expected(expires: 1150, seen: 1050), "a lease that is known is not new")
        let other = lease(after: try event("add", ["HOSTNAME": "b"]), at: 1050, known: known)
        #expect(other == Self.expected(hostName: "b", expires: 1150, since: 1050, seen: 1050))
        let endless = lease(after: try event("add", ["DNSMASQ_TIME_REMAINING": "-"]), at: 1050, known: known)
        #expect(endless == Self.expected(expires: nil, seen: 1050))
    }

    /// A replay keeps a recorded end that is less than 5 s off; otherwise the lease was renewed.
    @Test(arguments: [
        (1010, "90", 1100), (1010, "94", 1100), (1010, "86", 1100), (1010, "95", 1105), (1010, "85", 1095),
        (1010, "500", 1510),
    ])
    func aReplay(seconds: Int, remaining: String, expires: Int) throws {
        let event = try event("update", replay.merging(["DNSMASQ_TIME_REMAINING": remaining]) { $1 })
        #expect(lease(after: event, at: seconds, known: known) == Self.expected(expires: expires))
    }

    @Test func whatMayBeAReplayChangesNothing() throws {
        #expect(lease(after: try event("update", bare), at: 1010, known: known) == known)
    }

    /// dnsmasq reports a new name in two events: the first only removes the old name.
    @Test func aRename() throws {
        let gone = try event("update", nameGone.merging(["DNSMASQ_TIME_REMAINING": "50"]) { $1 })
        let new = try event("update", ["HOSTNAME": "b", "DNSMASQ_TIME_REMAINING": "50"])
        let half = lease(after: gone, at: 1050, known: known)
        #expect(half?.hostName == nil && half?.since == at(1050))
        let whole = Self.expected(hostName: "b", expires: 1101, since: 1051, seen: 1051)
        #expect(lease(after: new, at: 1051, known: half) == whole)
        let replayed = lease(
            after: try event("update", replay.merging(["HOSTNAME": "b"]) { $1 }), at: 1000, known: known)
        #expect(replayed?.hostName == "b" && replayed?.since == at(1000), "a replay proves nothing new")
    }

    @Test func aNameIsLost() throws {
        let nameless = lease(after: try event("update", ["HOSTNAME": ""]), at: 1050, known: known)
        #expect(nameless != nil && nameless?.hostName == nil && nameless?.since == at(1050))
        #expect(lease(after: try event("update", ["HOSTNAME": "openwrt"]), at: 1050, known: known) == nameless)
    }

    @Test func aLeaseGoes() throws {
        #expect(lease(after: try event("remove"), at: 1050, known: known) == nil)
        #expect(lease(after: try event("remove", ["HOSTNAME": ""]), at: 1050, known: known) == nil)
        #expect(lease(after: try event("remove"), at: 1050, known: nil) == nil)
    }

    @Test func theInterfaceIsTheOneLastSeen() throws {
        let first = Self.expected(hardware: "aa:bb:cc:dd:ee:00")
        let client = ["DNSMASQ_CLIENT_ID": "ff:01"]
        #expect(lease(after: try event("update", client), at: 1050, known: first)?.hardware == ByteString(mac))
        #expect(lease(after: try event("update"), at: 1050, known: first)?.hardware == first.hardware, "it is kept")
    }

    /// Each event is a MAC address's last digit and a moment in seconds. The lease lasts 100 s.
    @Test(arguments: [
        ("a0 b10 a20 b30", 2), ("a0 b90 a180 b270", 2), ("a0 b10 a20", 1), ("a0 b10 b15 a20 b30 a40", 3),
        // Interfaces that do not take turns, or take them too slowly.
        ("a0 b10 a110 b210", 0), ("a0 b10 c20 a30", 0), ("a0 b10 a20 b120 a130", 1),
    ])
    func interfacesThatTakeTurns(text: String, returns: Int) throws {
        let events = text.split(separator: " ").map { (mac: String($0.prefix(1)), moment: Int($0.dropFirst())!) }
        var known: Lease?
        for (mac, moment) in events {
            let variables = ["DNSMASQ_CLIENT_ID": "ff:01", "MACADDR": "02:00:00:00:00:0\(mac)"]
            known = lease(after: try event("update", variables), at: moment, known: known)
        }
        let (before, last) = (events[events.count - 2].mac, events[events.count - 1].moment)
        #expect(known.map { "\($0.turns)" } == "02:00:00:00:00:0\(before) \(last) \(returns)")
        // DHCPv6 rightly has one DUID for all interfaces.
        let lease = Lease(addresses: ["fd00::1"], hardware: "02:00:00:00:00:0a")
        let variables = ["IPADDR": "fd00::1", "MACADDR": "00:01:00:01", "DNSMASQ_MAC": "02:00:00:00:00:0b"]
        let new = try event("update", variables).applied(to: [lease], at: at(0))
        #expect(new[0].hardware == "02:00:00:00:00:0b" && new[0].turns.isEmpty)
    }
}
