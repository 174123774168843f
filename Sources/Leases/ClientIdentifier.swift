import Basics

/// Who holds a lease, as DHCP tells clients apart: RFC 2131, section 2 (client identifier, else hardware address), and
/// RFC 8415, section 11 (DUID).
public struct ClientIdentifier: Equatable, Sendable {
    public enum Kind: CaseIterable, Sendable {
        /// The MAC address.
        case hardware
        /// DHCPv4's option 61, where it is more than the MAC address with its type in front.
        case option61
        /// DHCPv6's.
        case duid

        /// What the identifier's name starts with.
        var prefix: ByteString {
            switch self {
            case .hardware: ""
            case .option61: "id-"
            case .duid: "duid-"
            }
        }
    }

    public let kind: Kind
    /// Pairs of hexadecimal digits in lower case, joined by colons; a MAC address other than Ethernet's has dnsmasq's
    /// prefix for its type, such as `20-`.
    public let text: ByteString

    /// A name for the client that no other has, fit for a file: `aa:bb:cc:dd:ee:ff`, `id-ff:…` or `duid-00:…`.
    public var name: ByteString { kind.prefix + text }

    /// - Returns: nil if `text` is not what it should be, or longer than a file's name can be (255 bytes: 84 bytes of
    ///   option 61, which is four times as long as any in use).
    public init?(_ kind: Kind, _ text: ByteString) {
        let isValid =
            switch kind {
            case .hardware: text.isHardwareAddress
            case .option61: (1...84).contains(text.hexBytes ?? 0)
            // RFC 8415 allows 130. No kind in use is longer than 24.
            case .duid: (3...80).contains(text.hexBytes ?? 0)
            }
        guard isValid else { return nil }
        self.kind = kind
        self.text = text.lowercased
    }

    /// - Parameter name: As `name` gives it.
    public init?(name: ByteString) {
        for kind in [Kind.option61, .duid] where name.hasPrefix(kind.prefix) {
            self.init(kind, ByteString(name.bytes[kind.prefix.count...]))
            return
        }
        self.init(.hardware, name)
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

    /// How many pairs of hexadecimal digits there are, joined by colons; nil if there is anything else.
    fileprivate var hexBytes: Int? {
        guard count % 3 == 2 else { return nil }
        for (index, byte) in bytes.enumerated() {
            let fits = index % 3 == 2 ? byte == UInt8(ascii: ":") : byte.isHexDigit
            if !fits { return nil }
        }
        return (count + 1) / 3
    }
}
