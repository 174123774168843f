import Basics
import Dnsmasq
import Leases
import Network

/// The environment of a lease event: `NAME=VALUE`, each ended by NUL, as in /proc/PID/environ.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let variables = UnsafeBufferPointer(start: bytes, count: count).split(separator: 0)
        .compactMap { ByteString($0).split(at: UInt8(ascii: "=")) }
    guard
        let event = try? LeaseEvent(
            router: "OpenWrt",
            environment: { name in
                variables.first { $0.before == name }?.after
            })
    else { return 0 }

    // As a file's name, and in a line of dnsmasq's.
    let client = event.client
    let text = ByteString(client.name.bytes.dropFirst(client.name.count - client.text.count))
    precondition(["", "id-", "duid-"].contains { $0 + text == client.name })
    precondition((2...250).contains(text.count) && text.bytes.allSatisfy { isHex($0) || $0 == 0x3A || $0 == 0x2D })
    precondition(ClientIdentifier(name: client.name) == client)
    precondition(Address(event.address.text) == event.address)
    precondition(event.address.text.bytes.allSatisfy { isHex($0) || $0 == 0x3A || $0 == 0x2E })
    let name = event.hostName?.text
    precondition(name != "openwrt" && name?.count ?? 0 <= 253)
    for label in name?.bytes.split(separator: 0x2E, omittingEmptySubsequences: false) ?? [] {
        precondition((1...63).contains(label.count) && label.first != 0x2D)
        precondition(label.allSatisfy { (0x61...0x7A).contains($0) || isHex($0) || $0 == 0x2D || $0 == 0x5F })
    }
    // The event's values are accepted again, unchanged.
    let again = try? LeaseEvent(
        router: "OpenWrt",
        environment: { name in
            switch "\(literal: name)" as ByteString {
            case "MACADDR": client.kind == .option61 ? event.hardware : client.text
            case "IPADDR": event.address.text
            case "HOSTNAME": event.hostName?.text ?? ""
            default: variables.first { $0.before == name }?.after
            }
        })
    precondition(again == event)
    // A storage can hold what it leads to.
    let now = Instant(sinceStart: .seconds(1_000_000))
    let after = event.applied(to: [], at: now)
    for lease in after { precondition((try? lease.check()) != nil) }
    precondition(event.applied(to: after, at: now) == after)
    return 0
}

private func isHex(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
}
