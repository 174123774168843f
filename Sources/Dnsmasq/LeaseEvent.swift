import Basics
import Leases
import Network

/// One lease event, as dnsmasq's `--dhcp-script` and OpenWrt's dispatcher tell it through the environment: dnsmasq(8).
///
/// Every value comes from the network in the end. This is the door: past it a client, an address and a host name are
/// what they say, in one spelling, and safe as a part of a path or of a line.
public struct LeaseEvent: Equatable, Sendable {
    public enum Action: ByteString, Sendable { case add, update, remove }

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
        func value(_ name: StaticString) -> ByteString { environment(name) ?? "" }
        func wrong(_ name: StaticString, _ value: ByteString, _ why: ByteString, _ code: Fault.Code = .data) -> Fault {
            Fault(code, "\(literal: name) '\(value.printable())': \(why)")
        }
        let (word, given, identifier, text) = (value("ACTION"), value("IPADDR"), value("MACADDR"), value("HOSTNAME"))
        guard let action = Action(rawValue: word)
        else { throw wrong("ACTION", word, "allowed are add, update and remove", .usage) }
        guard let address = Address(given) else { throw wrong("IPADDR", given, "not an IP address") }
        let duid = address.isIPv4 ? nil : ClientIdentifier(.duid, identifier)
        guard let client = ClientIdentifier(hardware: identifier, option61: value("DNSMASQ_CLIENT_ID")) ?? duid
        else { throw wrong("MACADDR", identifier, "not a MAC address") }
        let hardware = ClientIdentifier(.hardware, identifier) ?? ClientIdentifier(.hardware, value("DNSMASQ_MAC"))
        let name = HostName(text)
        if name == nil, !text.isEmpty { throw wrong("HOSTNAME", text.lowercased, "not a host name") }
        (self.action, self.address, self.client) = (action, address, client)
        self.hardware = client == hardware ? "" : hardware?.text ?? ""
        isNameHidden = procd == text
        hostName = isNameHidden || name?.text == router.lowercased ? nil : name

        let remaining = environment("DNSMASQ_TIME_REMAINING")
        let isPassedOn =
            remaining != nil || environment("DNSMASQ_LEASE_EXPIRES") != nil || environment("DNSMASQ_INTERFACE") != nil
        // A `remove` says that data are missing even when the host gave its lease back just now.
        isLive = action == .remove || (action == .add || isPassedOn) && environment("DNSMASQ_DATA_MISSING") == nil
        if let remaining, remaining.number(digits: 10) == nil {
            throw wrong("DNSMASQ_TIME_REMAINING", remaining, "not a number of seconds")
        }
        // dnsmasq leaves the variable out if the lease has no end. It takes 2^32 - 1 seconds for none, as RFC 2131, section
        // 3.3, does; we, whatever is over 31 years.
        let limit = remaining?.wholeNumber.map { Lease.Term.limited(.seconds($0)) }
        term = limit ?? (remaining == nil && !isPassedOn ? .unknown : .endless)
    }
}
