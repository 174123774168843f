import Basics
import Configuration
import Leases
import Network

extension Reservations {
    /// Returns the reservations that clash: "section 'x' clashes with …: why; what to do".
    ///
    /// If several `dhcp-host=` lines match one client, dnsmasq 2.90 prefers a client identifier to a MAC address, a MAC
    /// address to one with `*`, and these to a name. The winner alone counts, even if it reserves no address. A client
    /// without an identifier keeps the lease of the last client with an identifier on its interface.
    ///
    /// As OpenWrt writes these lines, a MAC address mostly wins over a `duid`. Beside odhcpd, dnsmasq does not get the
    /// `duid`, so the line matches by name. A `duid` without colons, as odhcpd and LuCI write it, is text to dnsmasq.
    /// It must be the whole of option 61, but RFC 4361 adds `ff` and an IAID.
    ///
    /// Of several lines for one MAC address, the last wins in its network, without a log line. A line with an address
    /// counts only in the network of that address. With one address in two lines dnsmasq does not start. A name in two
    /// lines goes to the host that renewed last.
    /// - Parameters:
    ///   - leases: With MAC addresses where known.
    ///   - rendered: The files that define the networks.
    public func clashes(seen leases: [LeaseStorage.ClientLease], in rendered: [RenderedFile] = []) -> [Finding] {
        var clashes: [Finding] = []
        let ranges = rendered.flatMap { $0.ranges }
        for (index, host) in hosts.enumerated() {
            for other in hosts[..<index] where host.overlaps(other) {
                if let why = host.conflict(with: other, in: ranges) { clashes.append(host.clash(with: other, why)) }
            }
        }
        // Each pair of a match by MAC address and another match, once.
        for other in hosts {
            let clients = leases.filter { other.matches(hardware: $0.lease.hardware) }
            for host in hosts where host.overlaps(other) && host.competes(with: other, in: ranges) {
                let reasons = clients.compactMap { host.rivalry(with: other, for: $0) }
                if let why = reasons.first { clashes.append(host.clash(with: other, why)) }
            }
        }
        return clashes
    }
}

extension Reservation {
    fileprivate func clash(with other: Reservation, _ why: ByteString) -> Finding {
        Finding(
            .problem, at: place,
            "section '\(label)' clashes with section '\(other.label)' (\(other.place.text)): \(why)")
    }

    /// One dnsmasq gets both, and both reserve something in DHCPv4 or in DHCPv6. Without an address it is both.
    fileprivate func overlaps(_ other: Reservation) -> Bool {
        if !instance.isEmpty, !other.instance.isEmpty, instance != other.instance { return false }
        func isInV4(_ one: Reservation) -> Bool { one.address != nil || one.hostID.isEmpty }
        func isInV6(_ one: Reservation) -> Bool { !one.hostID.isEmpty || one.address == nil }
        return isInV4(self) && isInV4(other) || isInV6(self) && isInV6(other)
    }

    /// Returns how two overlapping reservations clash, whatever the clients are; nil if they don't.
    fileprivate func conflict(with other: Reservation, in ranges: [AddressRange]) -> ByteString? {
        if let address, address == other.address {
            return "both reserve \(address), so dnsmasq does not start; change one of them"
        }
        let shared = hardware.first { other.hardware.contains($0) }
        if let hostName, hostName == other.hostName, shared == nil {
            return "both are '\(hostName)', which leads to the one that renewed last; make them one section "
                + "with both MAC addresses, or give each a name"
        }
        guard let shared, identifiers.isEmpty, other.identifiers.isEmpty, hostName != other.hostName,
            competes(with: other, in: ranges)
        else { return nil }
        return "both are for \(shared), so dnsmasq goes by the last one alone; if two systems have it, give each "
            + "section the client identifier that its system sends, else make them one"
    }

    /// Both may match one client: their tags are equal, and no address keeps them in different networks.
    /// - Parameter ranges: One in each network. Without a range, all addresses count as one network.
    fileprivate func competes(with other: Reservation, in ranges: [AddressRange]) -> Bool {
        guard tags == other.tags else { return false }
        guard let address, let another = other.address, !ranges.isEmpty else { return true }
        return ranges.contains { $0.contains(address) && $0.contains(another) }
    }

    /// Returns how this reservation matches a client of `other`, and which of the two wins; nil without a match.
    fileprivate func rivalry(with other: Reservation, for client: LeaseStorage.ClientLease) -> ByteString? {
        let how: ByteString
        if matches(hardware: client.lease.hardware) { return nil }
        if identifiers.contains(client.identifier) {
            how = "by its client identifier, which always wins"
        } else if duids.contains(client.identifier) || duids.contains(client.duid) {
            how = "by its DUID, but a MAC address wins unless dnsmasq serves DHCPv6 too and gets that very identifier"
        } else {
            // A name that `other` reserves was not sent by the client.
            guard hardware.isEmpty, identifiers.isEmpty, hostName != nil, hostName == client.lease.hostName,
                hostName != other.hostName
            else { return nil }
            how = "by its name, but a MAC address always wins"
        }
        return "both match \(client.lease.hardware), '\(label)' \(how); if they are one system, make them one "
            + "section, else take 'mac' out of '\(other.label)'"
    }
}

extension LeaseStorage.ClientLease {
    /// A remark if two MAC addresses use the lease in turn.
    /// - Parameter file: Where the lease is recorded.
    public func turnsFinding(in file: ByteString) -> Finding? {
        let turns = lease.turns.words
        guard turns.count == 3, turns[2].wholeNumber ?? 0 > 1 else { return nil }
        return Finding(
            .remark, at: Place(file),
            "\(lease.hardware) and \(turns[0]) take turns with one client identifier, so dnsmasq has one lease for both, and "
                + "its name and its aliases flip; if they are two machines, as clones are, give each an identifier")
    }

    /// DHCPv4's client identifier (option 61), or the DUID. A client need not send its MAC address as identifier.
    fileprivate var identifier: ByteString { client.kind == .hardware ? "01:" + lease.hardware : client.text }

    /// In a DHCPv4 identifier of RFC 4361, section 6.1, the DUID follows `ff` and four bytes of IAID.
    fileprivate var duid: ByteString {
        identifier.hasPrefix("ff:") ? ByteString(identifier.bytes.dropFirst(15)) : identifier
    }
}
