import Basics
import Dnsmasq
import Leases
import TestSupport
import Testing

private func event(
    _ action: String? = "add", _ client: String? = "AA:bb:cc:dd:ee:0F", _ address: String? = "192.168.1.20",
    _ name: String? = "Maxwell-Arch"
) throws -> LeaseEvent {
    let environment = ["ACTION": action, "MACADDR": client, "IPADDR": address, "HOSTNAME": name]
    return try LeaseEvent(router: "OpenWrt") { (environment["\($0)"] ?? nil).map { ByteString($0) } }
}

@Suite struct LeaseEventTests {
    @Test func readsAnEvent() throws {
        let read = try event()
        #expect(read.action == .add)
        #expect(read.client.name == "aa:bb:cc:dd:ee:0f")
        #expect(read.address == "192.168.1.20")
        #expect(read.hostName == "maxwell-arch")
        #expect(try event("update").action == .update)
        #expect(try event("remove").action == .remove)
    }

    @Test func anEventMayHaveNoName() throws {
        #expect(try event("add", "aa:bb:cc:dd:ee:0f", "192.168.1.20", "").hostName == nil)
        #expect(try event("add", "aa:bb:cc:dd:ee:0f", "192.168.1.20", nil).hostName == nil)
    }

    @Test func theRoutersNameIsNoClients() throws {
        #expect(try event("add", "aa:bb:cc:dd:ee:0f", "192.168.1.20", "OpenWrt").hostName == nil)
        #expect(try event("add", "aa:bb:cc:dd:ee:0f", "192.168.1.20", "openWRT").hostName == nil)
        #expect(try event("add", "aa:bb:cc:dd:ee:0f", "192.168.1.20", "openwrt2").hostName == "openwrt2")
    }

    /// Each event in a container has procd's own `HOSTNAME`.
    @Test(arguments: [("box", true), ("OpenWrt", true), ("other", false), ("", false), (nil, false)])
    func procdsNameHidesTheClients(procd: String?, isHidden: Bool) throws {
        let environment = [
            "ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:0f", "IPADDR": "10.0.0.1",
            "HOSTNAME": isHidden ? procd! : "box",
        ]
        let read = try LeaseEvent(router: "OpenWrt", procd: procd.map { ByteString($0) }) {
            environment["\($0)"].map { ByteString($0) }
        }
        #expect(read.isNameHidden == isHidden && read.hostName == (isHidden ? nil : "box"))
    }

    @Test func readsIPv6() throws {
        let duid = "00:01:00:01:2A:bb:cc:dd:11:22:33:44:55:66"
        let read = try event("add", duid, "FD00:0:0::1")
        #expect(read.address == "fd00::1")
        #expect(read.client.name == "duid-00:01:00:01:2a:bb:cc:dd:11:22:33:44:55:66")
        #expect(throws: Fault.self) { try event("add", duid, "192.168.1.20") }
    }

    @Test func readsOtherHardware() throws {
        #expect(try event("add", "20-aa:bb:cc:dd:ee:ff:00:11").client.name == "20-aa:bb:cc:dd:ee:ff:00:11")
    }

    @Test(arguments: [nil, "", "old", "ADD", "add ", "add\n"])
    func refusesUnknownActions(action: String?) {
        #expect { try event(action) } throws: { ($0 as? Fault)?.code == .usage }
    }

    @Test(arguments: [
        nil, "", "aa:bb:cc:dd:ee", "aa:bb:cc:dd:ee:ff:00", "aa:bb:cc:dd:ee:fg", "aa-bb-cc-dd-ee-ff", "aabbccddeeff",
        "../../etc/passwd", "aa:bb:cc:dd:ee:f/", "aa:bb:cc:dd:ee:ff\n", " aa:bb:cc:dd:ee:ff", "20-", "-20:aa",
        "2/-aa:bb",
        "20-" + Array(repeating: "aa", count: 17).joined(separator: ":"),
    ])
    func refusesMalformedClients(client: String?) {
        #expect { try event("add", client) } throws: { ($0 as? Fault)?.code == .data }
    }

    @Test func refusesWhatIsNoDUID() {
        for client in ["aa:bb", Array(repeating: "aa", count: 81).joined(separator: ":"), "../::"] {
            #expect { try event("add", client, "fd00::1") } throws: { ($0 as? Fault)?.code == .data }
        }
    }

    @Test(arguments: [
        nil, "", "192.168.1", "192.168.1.256", "192.168.1.1/24", "1.2.3.4\n", "../1.2.3.4", "fd00:::1", "fe80::1%eth0",
        "a",
        "0x7f.1", " 1.2.3.4",
    ])
    func refusesMalformedAddresses(address: String?) {
        #expect { try event("add", "aa:bb:cc:dd:ee:ff", address) } throws: { ($0 as? Fault)?.code == .data }
    }

    @Test(arguments: [
        "a,b", "x\ny", "../../etc/x", "-x", "a..b", ".a", "a.", "a b", "a/b", "caf\u{E9}", "a;b", "$(a)", "a\u{1B}",
        String(repeating: "a", count: 64),
        Array(repeating: String(repeating: "a", count: 63), count: 4).joined(separator: "."),
    ])
    func refusesMalformedNames(name: String) {
        #expect { try event("add", "aa:bb:cc:dd:ee:ff", "192.168.1.20", name) } throws: {
            ($0 as? Fault)?.code == .data
        }
    }

    @Test func takesTheLongestNames() throws {
        let label = String(repeating: "a", count: 63)
        #expect(try event("add", "aa:bb:cc:dd:ee:ff", "192.168.1.20", label).hostName?.text.count == 63)
        let longest = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(try event("add", "aa:bb:cc:dd:ee:ff", "192.168.1.20", longest).hostName?.text.count == 253)
        #expect(try event("add", "aa:bb:cc:dd:ee:ff", "192.168.1.20", "a_b.c-d").hostName == "a_b.c-d")
    }

    @Test func faultsAreOneClearLine() {
        do {
            _ = try event("add", "aa:bb:cc:dd:ee:ff", "192.168.1.20", "x\ny\u{1B}[2J")
        } catch {
            #expect("\(error)" == "data: HOSTNAME 'x?y?[2j': not a host name")
        }
    }
}
