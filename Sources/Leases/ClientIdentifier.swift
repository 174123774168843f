import Basics

/// The identity of a DHCP client: RFC 2131, section 2, and RFC 8415, section 11 (DUID).
public struct ClientIdentifier: Equatable, Sendable {
    /// The raw value is the start of the identifier's name.
    public enum Kind: ByteString, CaseIterable, Sendable {
        case hardware = ""
        /// DHCPv4's option 61, unless it is the MAC address after its hardware type.
        case option61 = "id-"
        case duid = "duid-"
    }

    public let kind: Kind
    /// Pairs of hexadecimal digits in lower case, joined by colons. A MAC address of hardware other than Ethernet
    /// starts with its type as dnsmasq writes it, such as `20-`.
    public let text: ByteString

    /// A unique name that fits a file: `aa:bb:cc:dd:ee:ff`, `id-ff:…` or `duid-00:…`.
    public var name: ByteString { kind.rawValue + text }

    /// - Returns: nil if `text` is no such identifier, or too long for a file's name.
    public init?(_ kind: Kind, _ text: ByteString) {
        let isValid =
            switch kind {
            case .hardware: text.isHardwareAddress
            case .option61: (1...84).contains(text.hexBytes)
            // RFC 8415 allows 130 bytes. The longest DUID in use has 24.
            case .duid: (3...80).contains(text.hexBytes)
            }
        guard isValid else { return nil }
        (self.kind, self.text) = (kind, text.lowercased)
    }

    public init?(name: ByteString) {
        let kind: Kind = name.hasPrefix("id-") ? .option61 : name.hasPrefix("duid-") ? .duid : .hardware
        self.init(kind, ByteString(name.bytes[kind.rawValue.count...]))
    }
}

extension ByteString {
    /// Whether the text is like `aa:bb:cc:dd:ee:ff`, or like dnsmasq's `20-aa:bb…` with at most 16 bytes, the size of
    /// `chaddr` (RFC 2131, section 2), which InfiniBand's 20 bytes exceed.
    fileprivate var isHardwareAddress: Bool {
        if bytes.count > 3, bytes[2] == UInt8(ascii: "-") {
            return ByteString(bytes[..<2]).hexBytes == 1 && (1...16).contains(ByteString(bytes[3...]).hexBytes)
        }
        return hexBytes == 6
    }

    /// The number of pairs of hexadecimal digits, joined by colons; 0 if the text has anything else.
    fileprivate var hexBytes: Int {
        let fits = bytes.indices.allSatisfy { $0 % 3 == 2 ? bytes[$0] == UInt8(ascii: ":") : bytes[$0].isHexDigit }
        return fits && count % 3 == 2 ? (count + 1) / 3 : 0
    }
}
