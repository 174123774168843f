import Basics
import Leases
import Network

/// One lease event, as dnsmasq's `--dhcp-script` and OpenWrt's dispatcher tell it through the environment: dnsmasq(8).
///
/// Every value comes from the network in the end. This is the door: past it a client, an address and a host name are
/// what they say, in one spelling, and safe as a part of a path or of a line.
public struct LeaseEvent: Equatable, Sendable {
    public enum Action: ByteString, Sendable {
        case add, update, remove
    }

    public let action: Action
    /// The host itself did something just now: it took a lease, renewed or gave it back. An `add` or `update` is a replay of
    /// what dnsmasq knows if it says so. An `update` may be one if dnsmasq's variables are not passed on.
    public let isLive: Bool
    public let client: ClientIdentifier
    /// The MAC address; empty if it is the client's identifier, or not known, as for some DHCPv6 leases.
    public let hardware: ByteString
    public let address: Address
    public var hostName: HostName?
    /// The event shows the name that procd itself has in place of the client's, which stands in dnsmasq's lease file.
    public let isNameHidden: Bool
    public let term: Lease.Term

    /// - Parameters:
    ///   - environment: The value of a variable, nil if it is not set.
    ///   - router: The router's own host name. Where an event has no host name, OpenWrt's dispatcher may show that
    ///     one in `HOSTNAME` (openwrt/openwrt issue 11982); no client can have it.
    ///   - procd: `HOSTNAME` in procd's own environment, which no event overrides; nil if it is not set.
    /// - Throws: `usage` for an unknown `ACTION`; `data` for a value that is not what it should be.
    public init(
        router: ByteString, procd: ByteString? = nil, environment: (StaticString) -> ByteString?
    ) throws(Fault) {
        let word = environment("ACTION") ?? ""
        guard let action = Action(rawValue: word) else {
            throw Fault(.usage, "ACTION '\(word.printable())': allowed are add, update and remove")
        }
        let given = environment("IPADDR") ?? ""
        guard let address = Address(given) else {
            throw Fault(.data, "IPADDR '\(given.printable())': not an IP address")
        }
        let identifier = environment("MACADDR") ?? ""
        let hardware = ClientIdentifier(.hardware, identifier)
        guard let client = hardware ?? (address.isIPv4 ? nil : ClientIdentifier(.duid, identifier)) else {
            throw Fault(.data, "MACADDR '\(identifier.printable())': not a MAC address")
        }
        let text = environment("HOSTNAME") ?? ""
        let name = HostName(text)
        guard name != nil || text.isEmpty else {
            throw Fault(.data, "HOSTNAME '\(text.lowercased.printable())': not a host name")
        }
        (self.action, self.address) = (action, address)
        isNameHidden = procd == text
        hostName = isNameHidden || name?.text == router.lowercased ? nil : name

        let remaining = environment("DNSMASQ_TIME_REMAINING")
        let isPassedOn =
            remaining != nil || environment("DNSMASQ_LEASE_EXPIRES") != nil || environment("DNSMASQ_INTERFACE") != nil
        // A `remove` says that data are missing even when the host gave its lease back just now.
        isLive =
            action == .remove || (action == .add || isPassedOn) && environment("DNSMASQ_DATA_MISSING") == nil
        if hardware == nil {
            self.hardware = ClientIdentifier(.hardware, environment("DNSMASQ_MAC") ?? "")?.text ?? ""
            self.client = client
        } else {
            self.client =
                ClientIdentifier(hardware: client.text, option61: environment("DNSMASQ_CLIENT_ID") ?? "") ?? client
            self.hardware = self.client == client ? "" : client.text
        }
        guard let term = Lease.Term(remaining, isPassedOn: isPassedOn) else {
            throw Fault(.data, "DNSMASQ_TIME_REMAINING '\((remaining ?? "").printable())': not a number of seconds")
        }
        self.term = term
    }
}

extension Lease.Term {
    /// dnsmasq leaves the variable out if the lease has no end. It takes 2^32 - 1 seconds for none, as RFC 2131, section
    /// 3.3, does; we, whatever is over 31 years.
    fileprivate init?(_ remaining: ByteString?, isPassedOn: Bool) {
        guard let remaining else {
            self = isPassedOn ? .endless : .unknown
            return
        }
        guard !remaining.isEmpty, remaining.count <= 10, remaining.bytes.allSatisfy({ $0.isASCIIDigit }) else {
            return nil
        }
        self = remaining.wholeNumber.map { .limited(.seconds($0)) } ?? .endless
    }
}
