import Basics
import Configuration
import Leases
import TestSupport
import Testing

@testable import Dnsmasq

private func reservations(_ text: String) throws -> Reservations {
    try Reservations(ByteString(text), file: "f")
}

private func rendered(_ ranges: [String]) -> [RenderedFile] {
    ranges.map { RenderedFile(path: "r", text: ByteString("dhcp-range=" + $0)) }
}

/// Returns the wired interface, as a client with this identifier and host name.
private func seen(
    _ identifier: String = "", name: String = "", on hardware: String = "02:00:00:00:00:0a"
) -> LeaseStorage.ClientLease {
    let client =
        ClientIdentifier(.option61, ByteString(identifier)) ?? ClientIdentifier(.hardware, ByteString(hardware))!
    return LeaseStorage.ClientLease(
        of: client, Lease(addresses: [], hostName: HostName(ByteString(name)), hardware: ByteString(hardware)))
}

@Suite struct ReservationsTests {
    @Test func readsReservations() throws {
        let read = try reservations(
            """
            config dnsmasq
                option domain 'lan'
            config host 'arch'
                option name 'Maxwell-Arch'
                list mac '02:00:00:00:00:0A'
                list mac '2:0:0:*:*:b'
                option ip '192.168.1.20'
                option hostid '1f'
            config host
                option mac "02:00:00:00:00:0c  id:ff:01 ID:foo id:*"
                option duid '00010001AABBCCDD%1 00:03:00:01:02:00:00:00:00:0c'
                option name 'other'
                option ip 'ignore'
                option leasetime '1h'
            config host
                option enable '0'
                option mac 'disabled'
            config dhcp 'lan'
                option mac 'somebody elses'
            """)
        #expect(read.problems == [])
        #expect(read.domains.map { "\($0.text) \($0.line)" } == ["lan 2"])
        #expect(read.hosts.map { "\($0.place.text) \($0.label)" } == ["f:3 arch", "f:9 other"])
        #expect(read.hosts[0].hardware == ["02:00:00:00:00:0a", "02:00:00:**:**:0b"])
        #expect(read.hosts[0].hostName == "maxwell-arch")
        #expect(read.hosts[0].address == "192.168.1.20" && read.hosts[0].hostID == "1f")
        #expect(read.hosts[1].hardware == ["02:00:00:00:00:0c"])
        #expect(read.hosts[1].identifiers == ["ff:01", "66:6f:6f"])
        #expect(read.hosts[1].duids == ["00:01:00:01:aa:bb:cc:dd", "00:03:00:01:02:00:00:00:00:0c"])
        #expect(read.hosts[1].address == nil && read.hosts[1].hostID == "")
    }

    /// A faulty value is reported, and all valid values are read.
    @Test(arguments: [
        ("mac", "02:00:00:00:00", "six bytes"), ("mac", "02:00:00:00:00:0a:0b", "six bytes"),
        ("mac", "02-00-00-00-00-0a", "six"),
        ("mac", "02:00:00:00:00:0g", "six bytes"), ("mac", "02*:00:00:00:00:0a", "six bytes"),
        ("mac", "::::::", "six bytes"),
        ("mac", "maxwell", "six bytes"), ("mac", "\u{E9}", "six bytes"), ("mac", "id:zz:11", "bytes in hex"),
        ("mac", "id::", "bytes in hex"), ("mac", "id:", "bytes in hex"), ("mac", "id:*:1", "bytes in hex"),
        ("duid", "00:01", "3 to 130"),
        ("duid", "0001000", "3 to"),
        ("duid", "%1", "3 to"), ("duid", "000100*0", "3 to"), ("duid", String(repeating: "00", count: 131), "3 to 130"),
        ("ip", "10.0.0.300", "IPv4"), ("ip", "fd00::1", "IPv4"), ("ip", "10.0.0.1/24", "IPv4"), ("hostid", "g", "hex"),
        ("hostid", "01234567890abcdef", "16"), ("name", "a,b", "host name"), ("name", "-x", "host name"),
        ("name", "../x", "host name"),
    ])
    func saysWhatIsWrong(option: String, value: String, why: String) throws {
        let read = try reservations(
            "config host x\n\toption hostid 1\n\toption \(option) '\(value)'\n\tlist mac 02:00:00:00:00:0f\nconfig host y\n\toption name y"
        )
        #expect(read.problems.count == 1)
        let fault = "\(read.problems.first?.message ?? "")"
        #expect(fault.hasPrefix("f:3: \(option) '") && fault.contains(why), "\(fault)")
        #expect(read.hosts.map { "\($0.label)" } == ["x", "y"])
        #expect(read.hosts[0].hardware.last == "02:00:00:00:00:0f")
    }

    @Test func saysWhichDomainIsNone() throws {
        let read = try reservations("config dnsmasq\noption domain 'a b/c lan'")
        #expect(read.domains.map { $0.text } == ["a", "lan"])
        #expect(read.problems == [Finding(.problem, at: Place("f", line: 2), "domain 'b/c': not a domain")])
        #expect(throws: Fault.self) { try reservations("config host\noption name 'x") }
    }

    private static let wired =
        "config host arch\n\toption mac '02:00:00:00:00:0a'\n\toption ip 10.0.0.1\n\toption name arch\n"
    private static let both = " clashes with section 'arch' (f:1): both match 02:00:00:00:00:0a, 'b' by its "

    /// Messages about a section `b` at line 5, behind `wired`.
    @Test(arguments: [
        // By client identifier.
        ("option mac id:ff:11\noption ip 10.0.0.2", seen("ff:11"), "client identifier, which always wins; if"),
        ("option mac id:foo\noption ip 10.0.0.2", seen("66:6f:6f"), "client identifier, which always wins; if"),
        ("option mac id:01:02:00:00:00:00:0a\noption ip 10.0.0.2", seen(), "client identifier, which always wins; if"),
        // By DUID, as DHCPv6 or RFC 4361 shows it.
        ("option duid 000300aabb\noption ip 10.0.0.2", seen("00:03:00:aa:bb"), "DUID, but a MAC address wins unless"),
        ("option duid 00:03:00:AA:BB\noption ip 10.0.0.2", seen("ff:01:02:03:04:00:03:00:aa:bb"), "DUID, but a MAC"),
        ("option duid 000300aabb%7\noption name b", seen("00:03:00:aa:bb"), "DUID, but a MAC address wins unless"),
        // By name, if it is the client's own.
        ("option name b\noption ip 10.0.0.2", seen(name: "b"), "name, but a MAC address always wins; if"),
        (
            "option name b\noption duid 000300aabb\noption ip 10.0.0.2", seen("ff:22", name: "b"),
            "name, but a MAC address"
        ),
        ("option name b\noption mac id:ff:11", seen("ff:22", name: "b"), nil),
        ("option name b\noption mac 02:00:00:00:00:0b", seen("ff:22", name: "b"), nil),
        // Another client, or another interface.
        ("option mac id:ff:11\noption ip 10.0.0.2", seen("ff:12"), nil),
        ("option mac id:ff:11\noption ip 10.0.0.2", seen("ff:11", on: "02:00:00:00:00:0b"), nil),
        ("option mac id:ff:11\noption ip 10.0.0.2", seen("ff:11", on: ""), nil),
        ("option mac 02:00:00:00:00:0b\noption ip 10.0.0.2", seen("ff:11"), nil),
        // One section for IPv4 by MAC address and one for IPv6 by DUID don't clash.
        ("option duid 000300aabb\noption hostid 2", seen("00:03:00:aa:bb"), nil),
        // One section never clashes with itself.
        ("option mac '02:00:00:00:00:0a id:ff:11'\noption hostid 2", seen("ff:11"), nil),
    ])
    func saysWhatClashesOnAnInterface(section: String, client: LeaseStorage.ClientLease, why: String?) throws {
        let read = try reservations(Self.wired + "config host b\n" + section)
        #expect(read.problems == [])
        // The clash is reported once for a client that is seen twice.
        let clashes = read.clashes(seen: [client, seen("01:02:00:00:00:00:ff"), client])
        #expect(clashes.count == (why == nil ? 0 : 1))
        if let why, let clash = clashes.first {
            #expect("\(clash.message)".hasPrefix("f:5: section 'b'" + Self.both + why), "\(clash.message)")
            #expect(
                "\(clash.message)".hasSuffix("make them one section, else take 'mac' out of 'arch'"), "\(clash.message)"
            )
        }
    }

    @Test func aWildcardIsAMACAddress() throws {
        let read = try reservations(
            "config host all\noption mac 02:00:*:*:*:*\noption name all\nconfig host b\noption mac id:ff:11\noption ip 10.0.0.2"
        )
        #expect(read.clashes(seen: [seen("ff:11")]).count == 1)
        #expect(read.clashes(seen: [seen("ff:11", on: "04:00:00:00:00:0a")]) == [])
    }

    @Test(arguments: [
        ("option mac 02:00:00:00:00:0b\noption ip 10.0.0.1", "both reserve 10.0.0.1, so dnsmasq does not start;"),
        (
            "option mac 02:00:00:00:00:0b\noption name Arch",
            "both are 'arch', which leads to the one that renewed last;"
        ),
        ("option ip 10.0.0.2\noption name arch", "both are 'arch', which leads to the one that renewed last;"),
        ("option mac 02:00:00:00:00:0b\noption name arch\noption hostid 1", nil),
        ("option mac 02:00:00:00:00:0a\noption name arch\noption ip 10.1.0.1", nil),
        ("option mac 02:00:00:00:00:0b\noption name other\noption ip 10.0.0.3", nil),
        // A likely first attempt for two systems on one machine.
        (
            "option mac 02:00:00:00:00:0A\noption name bigsur",
            "both are for 02:00:00:00:00:0a, so dnsmasq goes by the last one alone;"
        ),
        (
            "list mac 02:00:00:00:00:0b\nlist mac 02:00:00:00:00:0a\noption name bigsur",
            "both are for 02:00:00:00:00:0a, so dnsmasq goes by the last one alone;"
        ),
        ("list mac 02:00:00:00:00:0a\nlist mac id:ff:11\noption name bigsur", nil),
        ("option enable 0\noption mac 02:00:00:00:00:0b\noption ip 10.0.0.1", nil),
    ])
    func saysWhatIsReservedTwice(section: String, why: String?) throws {
        let clashes = try reservations(Self.wired + "config host b\n" + section)
            .clashes(seen: [seen(name: "arch")])
        #expect(clashes.count == (why == nil ? 0 : 1))
        if let why, let clash = clashes.first {
            #expect(
                "\(clash.message)".hasPrefix("f:5: section 'b' clashes with section 'arch' (f:1): " + why),
                "\(clash.message)")
        }
    }

    /// Two sections for one MAC address clash if dnsmasq must choose between them for one client.
    @Test(arguments: [
        ("option ip 10.0.0.1\noption name a", "option ip 10.1.0.1\noption name b", 0),
        ("option ip 10.0.0.1\noption name a", "option ip 10.0.0.2\noption name b", 1),
        ("option ip 10.0.0.1\noption name a", "option name b", 1),
        ("option name a", "option tag x", 0), ("option tag x", "option tag y", 0),
        ("option name a\noption instance x", "option name b\noption instance y", 0),
        ("option name a\noption instance x", "option name b\noption instance x", 1),
        ("option name a\noption instance x", "option name b", 1),
        ("option ip 10.0.0.1\noption instance x", "option ip 10.0.0.1\noption instance y", 0),
        ("option name a\nlist match_tag x", "option name b\nlist match_tag y", 0),
        ("option name a\nlist match_tag x", "option name b", 0),
        ("option name a\nlist match_tag x\nlist match_tag y", "option name b\noption match_tag 'y x'", 1),
        // dnsmasq does not start with two sections for one address, whatever the tags.
        ("option ip 10.0.0.1\nlist match_tag x", "option ip 10.0.0.1\nlist match_tag y", 1),
    ])
    func onlyWhatCountsForOneClientClashes(one: String, other: String, count: Int) throws {
        let mac = "option mac 02:00:00:00:00:0a"
        let read = try reservations(
            "config host a\n\(mac)\n\(one)\nconfig host b\n\(mac)\noption leasetime 1h\n\(other)\n")
        let ranges = [
            "lan,10.0.0.100,10.0.0.249,255.255.255.0,12h", "set:guest,10.1.0.100,static,255.255.255.0",
        ]
        #expect(read.problems == [])
        #expect(read.clashes(seen: [seen()], in: rendered(ranges)).count == count)
        // A section with a client identifier behaves alike.
        let identified = try reservations(
            "config host a\n\(mac)\n\(one)\nconfig host b\noption mac id:ff:11\n\(other)\n")
        #expect(identified.clashes(seen: [seen("ff:11")], in: rendered(ranges)).count == count)
    }

    @Test func addressesInOneLargeNetworkClash() throws {
        let mac = "option mac 02:00:00:00:00:0a\noption name"
        let read = try reservations(
            "config host\n\(mac) a\noption ip 10.0.0.1\nconfig host\n\(mac) b\noption ip 10.1.0.1")
        #expect(read.clashes(seen: []).count == 1, "the networks are not known")
        #expect(read.clashes(seen: [], in: rendered(["10.0.0.2,10.1.255.254,255.0.0.0,12h"])).count == 1)
        #expect(
            read.clashes(
                seen: [], in: rendered(["10.0.0.2,10.0.0.9,255.255.255.0", "10.1.0.2,10.1.0.9,255.255.255.0"])) == []
        )
    }

    @Test(arguments: [("ignore", "ignore"), ("0x1f", "1f"), ("0xABC", "abc")]) func readsHostIDs(
        text: String, id: String
    ) throws {
        let read = try reservations("config host x\noption mac 02:00:00:00:00:0a\noption hostid '\(text)'")
        #expect(read.problems == [] && read.hosts[0].hostID == ByteString(id))
    }

    @Test func findsOtherNamesAndSlowNetworks() throws {
        let read = try reservations(
            """
            config domain
                option name 'NAS  nas.lan'
                option ip '10.0.0.5'
            config dhcp 'z'
                option force '0'
            config dhcp 'a'
                option interface 'lan'
            config dhcp 'b'
                option interface 'guest'
                option force '0'
            config dhcp 'wan'
                option interface 'wan'
                option ignore '1'
            config dhcp 'c'
                option interface 'iot'
                option force 'on'
            config dhcp 'd'
            """)
        #expect(read.names == ["nas f:2", "nas.lan f:2"])
        #expect(read.searched == ["lan", "guest"] && read.searchPlace == Place("f", line: 6))
    }

    @Test func wiredAndWirelessInOneSectionAreFine() throws {
        let read = try reservations(
            "config host x\nlist mac 02:00:00:00:00:0a\nlist mac 02:00:00:00:00:0b\noption name x")
        #expect(read.problems == [] && read.clashes(seen: [seen("ff:11", name: "x")]) == [])
    }
}
