import Basics
import Leases
import Network

/// One lease event, from the environment of dnsmasq's `--dhcp-script` and OpenWrt's dispatcher: dnsmasq(8). Every value
/// may come from the network, and is checked here: it has one spelling, and is safe in a path and in a line.
public struct LeaseEvent: Equatable, Sendable {
    public enum Action: ByteString, Sendable { case add, update, remove }

    public let action: Action
    /// The host did something just now: it took, renewed or returned a lease. Otherwise the event is a replay, as an
    /// `add` or `update` may say, or an `update` without dnsmasq's variables.
    public let isLive: Bool
    public let client: ClientIdentifier
    /// The MAC address; empty if the client is identified by it, or if it is not known, as for some DHCPv6 leases.
    public let hardware: ByteString
    public let address: Address
    public var hostName: HostName?
    /// procd's own `HOSTNAME` hides the client's name, which is in dnsmasq's lease file.
    public let isNameHidden: Bool
    public let term: Lease.Term

    /// - Parameters:
    ///   - environment: Returns the value of a variable, nil if it is not set.
    ///   - router: The router's own host name. For a host without a name, OpenWrt's dispatcher may show the router's
    ///     name in `HOSTNAME` (openwrt/openwrt issue 11982); no client can have it.
    ///   - procd: `HOSTNAME` in procd's own environment, which no event overrides; nil if it is not set.
    /// - Throws: `usage` for an unknown `ACTION`; `data` for any other invalid value.
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
        // A `remove` has this variable even when the host has just returned its lease.
        isLive = action == .remove || (action == .add || isPassedOn) && environment("DNSMASQ_DATA_MISSING") == nil
        if let remaining, remaining.number(digits: 10) == nil {
            throw wrong("DNSMASQ_TIME_REMAINING", remaining, "not a number of seconds")
        }
        // dnsmasq leaves the variable out if the lease has no end. In RFC 2131, section 3.3, and for dnsmasq, 2^32 - 1
        // seconds mean no end; here, all times above 31 years.
        let limit = remaining?.wholeNumber.map { Lease.Term.limited(.seconds($0)) }
        term = limit ?? (remaining == nil && !isPassedOn ? .unknown : .endless)
    }
}
