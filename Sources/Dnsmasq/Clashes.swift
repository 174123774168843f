import Basics
import Configuration
import Leases
import Network

extension Reservations {
    /// Returns the reservations that conflict: "section 'x' clashes with …: why; what to do". `rendered` gives the
    /// networks.
    ///
    /// dnsmasq 2.90 chooses one of the `dhcp-host=` lines that match a client, in any order of the lines. A client
    /// identifier wins over a MAC address, a MAC address over a pattern with `*`, and a pattern over a name. Only the
    /// winner's line counts, even if the line reserves no address. A client without an identifier keeps the lease of
    /// the last system on its interface that sent an identifier.
    ///
    /// OpenWrt's lines differ: a MAC address mostly wins over a `duid`. Beside odhcpd, dnsmasq gets no `duid`, so the
    /// line matches by name. A DUID without colons, as odhcpd and LuCI write it, is text to dnsmasq. A DUID must also
    /// equal the whole of option 61, where RFC 4361 puts `ff` and an IAID in front.
    ///
    /// The last line for a MAC address wins in a network, without a warning. A line with an address counts only in the
    /// network of that address. An address in two lines keeps dnsmasq from starting. A name in two lines leads to the
    /// host that renewed last.
    public func clashes(seen leases: [LeaseStorage.ClientLease], in rendered: [RenderedFile] = []) -> [Finding] {
        var clashes: [Finding] = []
        let ranges = rendered.flatMap { $0.ranges }
        for (index, host) in hosts.enumerated() {
            for other in hosts[..<index] where host.overlaps(other) {
                if let why = host.conflict(with: other, in: ranges) { clashes.append(host.clash(with: other, why)) }
            }
        }
        // A client matches `other` by MAC address and `host` by something else. Each pair gives one finding.
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

    /// Whether an instance gets both for DHCPv4, or both for DHCPv6. A reservation without an address counts for both.
    fileprivate func overlaps(_ other: Reservation) -> Bool {
        if !instance.isEmpty, !other.instance.isEmpty, instance != other.instance { return false }
        func isInV4(_ one: Reservation) -> Bool { one.address != nil || one.hostID.isEmpty }
        func isInV6(_ one: Reservation) -> Bool { !one.hostID.isEmpty || one.address == nil }
        return isInV4(self) && isInV4(other) || isInV6(self) && isInV6(other)
    }

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

    /// Whether both may apply to one client: the tags are equal, and one range contains both addresses (without ranges,
    /// all addresses count as one network).
    fileprivate func competes(with other: Reservation, in ranges: [AddressRange]) -> Bool {
        guard tags == other.tags else { return false }
        guard let address, let another = other.address, !ranges.isEmpty else { return true }
        return ranges.contains { $0.contains(address) && $0.contains(another) }
    }

    /// How the reservation matches a client that `other` matches by MAC address, and which of the two wins. Returns nil
    /// if the reservation does not match, or also matches by MAC address.
    fileprivate func rivalry(with other: Reservation, for client: LeaseStorage.ClientLease) -> ByteString? {
        let how: ByteString
        if matches(hardware: client.lease.hardware) { return nil }
        if identifiers.contains(client.identifier) {
            how = "by its client identifier, which always wins"
        } else if duids.contains(client.identifier) || duids.contains(client.duid) {
            how = "by its DUID, but a MAC address wins unless dnsmasq serves DHCPv6 too and gets that very identifier"
        } else {
            // The client did not send a name that the other reservation gave it.
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
    /// A remark if two MAC addresses use the lease in turn. `file` is the file that has the lease.
    public func turnsFinding(in file: ByteString) -> Finding? {
        let turns = lease.turns.words
        guard turns.count == 3, turns[2].wholeNumber ?? 0 > 1 else { return nil }
        return Finding(
            .remark, at: Place(file),
            "\(lease.hardware) and \(turns[0]) take turns with one client identifier, so dnsmasq has one lease for both, and "
                + "its name and its aliases flip; if they are two machines, as clones are, give each an identifier")
    }

    /// The client identifier of DHCPv4 (option 61), or the DUID. A client may omit an identifier that is only `01:` and
    /// its MAC address.
    fileprivate var identifier: ByteString { client.kind == .hardware ? "01:" + lease.hardware : client.text }

    /// The DUID, which follows `ff` and four bytes of IAID in a DHCPv4 identifier: RFC 4361, section 6.1.
    fileprivate var duid: ByteString {
        identifier.hasPrefix("ff:") ? ByteString(identifier.bytes.dropFirst(15)) : identifier
    }
}
