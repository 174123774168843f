import Basics
import Leases
import Network

/// One lease event from the environment of dnsmasq's `--dhcp-script` and OpenWrt's dispatcher: dnsmasq(8). Every value
/// comes from the network; the initializer checks and normalizes it, so that it is safe in a path or a line.
public struct LeaseEvent: Equatable, Sendable {
    public enum Action: ByteString, Sendable { case add, update, remove }

    public let action: Action
    /// Whether the host itself just took, renewed or returned its lease. An event that reports missing data is a replay
    /// of a known lease. An `update` without dnsmasq's variables may be a replay, so it counts as one.
    public let isLive: Bool
    public let client: ClientIdentifier
    /// The MAC address; empty if the MAC address identifies the client or is unknown, as for some DHCPv6 leases.
    public let hardware: ByteString
    public let address: Address
    public var hostName: HostName?
    /// The event shows procd's own host name. The client's name is in dnsmasq's lease file.
    public let isNameHidden: Bool
    public let term: Lease.Term

    /// - Parameters:
    ///   - router: The router's host name, which no client can have. OpenWrt's dispatcher may show it in `HOSTNAME` if
    ///     an event has no host name (openwrt/openwrt issue 11982).
    ///   - procd: `HOSTNAME` in procd's own environment, which no event overrides; or nil.
    /// - Throws: `usage` for an unknown `ACTION`; `data` for another wrong value.
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
        // A `remove` reports missing data even if the host just returned its lease.
        isLive = action == .remove || (action == .add || isPassedOn) && environment("DNSMASQ_DATA_MISSING") == nil
        if let remaining, remaining.number(digits: 10) == nil {
            throw wrong("DNSMASQ_TIME_REMAINING", remaining, "not a number of seconds")
        }
        // dnsmasq omits the variable for an endless lease. RFC 2131, section 3.3, has 2^32 - 1 seconds for an endless
        // lease; here a lease of over 31 years is endless.
        let limit = remaining?.wholeNumber.map { Lease.Term.limited(.seconds($0)) }
        term = limit ?? (remaining == nil && !isPassedOn ? .unknown : .endless)
    }
}
