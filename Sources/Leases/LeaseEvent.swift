import Basics
import Linux

/// One lease event, as dnsmasq's `--dhcp-script` and OpenWrt's dispatcher tell it through the environment: dnsmasq(8).
///
/// Every value comes from the network in the end. This is the door: past it a client, an address and a host name are
/// what they say, in one spelling, and safe as a part of a path or of a line.
public struct LeaseEvent: Equatable, Sendable {
    public enum Action: CaseIterable, Sendable {
        case add, update, remove

        public var word: ByteString {
            switch self {
            case .add: "add"
            case .update: "update"
            case .remove: "remove"
            }
        }
    }

    public let action: Action
    /// The MAC address, or for a DHCPv6 lease the DUID: pairs of hexadecimal digits, in lower case.
    public let client: ByteString
    /// IPv4 or IPv6, as inet_ntop(3) writes it.
    public let address: ByteString
    /// In lower case; empty if the lease has none.
    public let hostName: ByteString

    /// - Parameters:
    ///   - environment: The value of a variable, nil if it is not set.
    ///   - router: The router's own host name. Where an event has no host name, OpenWrt's dispatcher may show that
    ///     one in `HOSTNAME` (openwrt/openwrt issue 11982); no client can have it.
    /// - Throws: `usage` for an unknown `ACTION`; `data` for a value that is not what it should be.
    public init(router: ByteString, environment: (ByteString) -> ByteString?) throws(Fault) {
        let word = environment("ACTION") ?? ""
        guard let action = Action.allCases.first(where: { $0.word == word }) else {
            throw Fault(.usage, "ACTION '\(word.printable())': allowed are add, update and remove")
        }
        let address = environment("IPADDR") ?? ""
        guard let canonical = Network.canonical(address: address) else {
            throw Fault(.data, "IPADDR '\(address.printable())': not an IP address")
        }
        let client = environment("MACADDR") ?? ""
        guard client.isHardwareAddress || canonical.bytes.contains(UInt8(ascii: ":")) && client.isDUID else {
            throw Fault(.data, "MACADDR '\(client.printable())': not a MAC address")
        }
        let name = (environment("HOSTNAME") ?? "").lowercased
        guard name.isEmpty || name.isHostName else {
            throw Fault(.data, "HOSTNAME '\(name.printable())': not a host name")
        }
        self.action = action
        self.address = canonical
        self.client = client.lowercased
        hostName = name == router.lowercased ? "" : name
    }
}

extension ByteString {
    /// `aa:bb:cc:dd:ee:ff`, or with dnsmasq's prefix for hardware other than Ethernet `20-aa:bb…`, up to 16 bytes
    /// (`chaddr` in RFC 2131, section 2; InfiniBand's 20 don't fit there either).
    fileprivate var isHardwareAddress: Bool {
        if bytes.count > 3, bytes[2] == UInt8(ascii: "-") {
            return ByteString(bytes[..<2]).hexBytes == 1
                && (1...16).contains(ByteString(bytes[3...]).hexBytes ?? 0)
        }
        return hexBytes == 6
    }

    /// RFC 8415, section 11.1: at most 130 bytes. No kind in use is longer than 24; 80 still make a file's name.
    fileprivate var isDUID: Bool { (3...80).contains(hexBytes ?? 0) }

    /// How many pairs of hexadecimal digits there are, joined by colons; nil if there is anything else.
    private var hexBytes: Int? {
        guard count % 3 == 2 else { return nil }
        for (index, byte) in bytes.enumerated() {
            let fits = index % 3 == 2 ? byte == UInt8(ascii: ":") : byte.isHexDigit
            if !fits { return nil }
        }
        return (count + 1) / 3
    }

    /// Labels of 1 to 63 letters, digits, `-` and `_`, none starting with `-`, joined by dots, 253 bytes in all:
    /// RFC 1035, section 2.3.4, and what dnsmasq lets through besides.
    fileprivate var isHostName: Bool {
        guard count <= 253 else { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            (1...63).contains($0.count) && $0.first != UInt8(ascii: "-") && $0.allSatisfy { $0.isNameByte }
        }
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        isASCIIDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self)
    }
}
