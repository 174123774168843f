import Basics
import Leases
import Linux

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
    precondition((2...255).contains(client.count) && client.bytes.allSatisfy { isHex($0) || $0 == 0x3A || $0 == 0x2D })
    precondition(Network.canonical(address: event.address) == event.address)
    precondition(event.address.bytes.allSatisfy { isHex($0) || $0 == 0x3A || $0 == 0x2E })
    precondition(event.hostName != "openwrt" && event.hostName.count <= 253)
    for label in event.hostName.bytes.split(separator: 0x2E, omittingEmptySubsequences: event.hostName.isEmpty) {
        precondition((1...63).contains(label.count) && label.first != 0x2D)
        precondition(label.allSatisfy { (0x61...0x7A).contains($0) || isHex($0) || $0 == 0x2D || $0 == 0x5F })
    }
    // What it says comes through the door again unchanged.
    let again = try? LeaseEvent(
        router: "OpenWrt",
        environment: { name in
            switch name {
            case "MACADDR": client
            case "IPADDR": event.address
            case "HOSTNAME": event.hostName
            default: variables.first { $0.before == name }?.after
            }
        })
    precondition(again == event)
    return 0
}

private func isHex(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
}
