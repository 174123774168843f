import Basics
import Configuration
import Leases
import Linux
import Network

/// One `config host` of `/etc/config/dhcp`.
///
/// OpenWrt's dnsmasq.init (`dhcp_host_add`) makes a `dhcp-host=` line of it: each word of `mac` as it stands, so that
/// `id:…` in it is a client identifier; then `id:` and the first word of `duid`, but only where dnsmasq serves DHCPv6
/// too, which it does not beside odhcpd; if that leaves neither, `name`, which then is the name that the client
/// sends. So a line matches by MAC address (`mac`), by client identifier (`mac 'id:…'`, and `duid` at times) or by name.
public final class Reservation {
    public let place: Place
    /// The section's name, else the host's; for people.
    public private(set) var label: ByteString
    /// Pairs of hexadecimal digits in lower case, joined by colons; `**` stands for any pair.
    public private(set) var hardware: [ByteString] = []
    /// Client identifiers, as such pairs, that dnsmasq is given wherever it runs.
    public private(set) var identifiers: [ByteString] = []
    /// DUIDs, as such pairs.
    public private(set) var duids: [ByteString] = []
    public private(set) var hostName: HostName?
    /// IPv4; nil if it reserves no such address.
    public private(set) var address: Address?
    /// The last bits of the IPv6 address, in hexadecimal digits; empty if there are none.
    public private(set) var hostID: ByteString = ""

    fileprivate var isEnabled = true

    fileprivate init(_ section: UCI.Section, file: ByteString) {
        place = Place(file, section.line)
        label = section.name ?? "host"
    }

    /// - Returns: What is allowed, if `word` is not.
    fileprivate func set(_ option: ByteString, _ word: ByteString) -> ByteString? {
        switch option {
        case "mac" where word.lowercased.hasPrefix("id:"):
            let text = ByteString(word.bytes.dropFirst(3))
            if text == "*" { break }
            // Without a colon dnsmasq takes it for text.
            let isText = !text.bytes.contains(UInt8(ascii: ":"))
            guard !text.isEmpty, let pairs = isText ? ByteString(hexPairsOf: text.bytes) : text.hexPairs(1...255) else {
                return "allowed are bytes in hexadecimal digits, joined by colons, or text"
            }
            identifiers.append(pairs)
        case "mac":
            guard let pairs = word.hexPairs(6...6, wildcards: true) else {
                return "allowed are six bytes, joined by colons, such as 00:11:22:aa:bb:cc or 00:11:22:*:*:*"
            }
            hardware.append(pairs)
        case "duid":
            // odhcpd takes a %IAID behind it.
            let duid = word.split(at: UInt8(ascii: "%"))?.before ?? word
            guard let pairs = duid.hexPairs(3...130) else { return "allowed are 3 to 130 bytes in hexadecimal digits" }
            duids.append(pairs)
        case "name":
            guard let name = HostName(word) else { return "not a host name" }
            hostName = name
            if label == "host" { label = name.text }
        case "ip" where word != "ignore":
            guard let new = Address(word), new.isIPv4 else { return "not an IPv4 address" }
            address = new
        case "hostid":
            guard word.count <= 16, word.lowercased.bytes.allSatisfy({ $0.isHexDigit }) else {
                return "allowed are up to 16 hexadecimal digits"
            }
            hostID = word.lowercased
        case "enable":
            // As config_get_bool in OpenWrt's functions.sh reads it.
            let off: [ByteString] = ["0", "off", "false", "no", "disabled"]
            isEnabled = !off.contains(word)
        default: break
        }
        return nil
    }

    /// Both reserve something in DHCPv4, or both in DHCPv6. One that reserves no address holds in both.
    fileprivate func overlaps(_ other: Reservation) -> Bool {
        func isInV4(_ one: Reservation) -> Bool { one.address != nil || one.hostID.isEmpty }
        func isInV6(_ one: Reservation) -> Bool { !one.hostID.isEmpty || one.address == nil }
        return isInV4(self) && isInV4(other) || isInV6(self) && isInV6(other)
    }

    fileprivate func matches(hardware address: ByteString) -> Bool {
        hardware.contains { $0.matches(address) }
    }
}

extension LeaseStorage.ClientLease {
    /// DHCPv4's client identifier (option 61), or the DUID. One that is only the MAC address with its type in front may be
    /// left out by the client.
    fileprivate var identifier: ByteString { client.kind == .hardware ? "01:" + lease.hardware : client.text }

    /// A DHCPv4 identifier as of RFC 4361, section 6.1, has the DUID behind `ff` and four bytes of IAID.
    fileprivate var duid: ByteString {
        identifier.hasPrefix("ff:") ? ByteString(identifier.bytes.dropFirst(15)) : identifier
    }
}

/// What OpenWrt's `/etc/config/dhcp` says of hosts and domains.
public struct Reservations {
    public private(set) var hosts: [Reservation] = []
    /// The `domain` of each `config dnsmasq` that has one.
    public private(set) var domains: [UCI.Value] = []
    /// The CNAMEs: each has their names, and the target behind the last comma. LuCI has a page for them.
    public private(set) var cnames: [UCI.Value] = []
    /// Values that are not what they should be, and are left out.
    public private(set) var problems: [Finding] = []

    public static var path: ByteString { Places.uci("dhcp") }

    /// Those of a file, which may be missing.
    ///
    /// - Throws: `settings` if it can't be read or is no UCI: then dnsmasq does not get it either.
    public init(file path: ByteString = path) throws(Fault) {
        let text: ByteString
        do throws(Fault) {
            text = try Files.readIfThere(path) ?? ""
        } catch {
            throw Fault(.settings, error.message)
        }
        try self.init(text, file: path)
    }

    /// The first domain, else OpenWrt's own.
    public var domain: ByteString { domains.first?.text ?? "lan" }

    /// - Throws: `settings` if it is no UCI.
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        for section in try UCI(text, file: file).sections {
            let host = Reservation(section, file: file)
            var wrong: [Finding] = []
            for option in section.options {
                for word in option.words {
                    var allowed: ByteString?
                    if section.type == "host" {
                        allowed = host.set(option.name, word.text)
                    } else if section.type == "dnsmasq", option.name == "domain" {
                        if word.text.isHostName { domains.append(word) } else { allowed = "not a domain" }
                    }
                    if let allowed {
                        let text: ByteString = "\(option.name) '\(word.text.printable())': \(allowed)"
                        wrong.append(Finding(.problem, Place(file, word.line), text))
                    }
                }
            }
            func value(_ name: ByteString) -> UCI.Value? { section.options.first { $0.name == name }?.values[0] }
            if section.type == "cname", let name = value("cname"), let target = value("target") {
                cnames.append(UCI.Value("\(name.text),\(target.text)", line: name.line))
            }
            guard host.isEnabled else { continue }
            problems += wrong
            if section.type == "host" { hosts.append(host) }
        }
    }

    /// Reservations that get in each other's way: "section 'x' clashes with …: why; what to do".
    ///
    /// What dnsmasq 2.90 does with `dhcp-host=` lines that match one client, whatever the order of the lines: a client
    /// identifier wins over a MAC address, that over one with `*`, and that over a name. Nothing is taken from the
    /// others, even if the winner reserves no address. A client that sends no identifier keeps the lease, and so the
    /// address, of the last one that did on its interface.
    ///
    /// Yet as OpenWrt writes these lines a MAC address mostly wins over a `duid`. Beside odhcpd dnsmasq is not given it:
    /// then the line matches by name. One without colons, as odhcpd and LuCI write it, is text to dnsmasq. And it has to
    /// be the whole of option 61, where RFC 4361 puts `ff` and an IAID in front.
    ///
    /// Of lines for one MAC address the last wins, without a word. With one address in two lines dnsmasq does not start. A
    /// name in two lines goes to whichever host renewed last.
    ///
    /// - Parameter leases: Each with its MAC address if that is known.
    public func clashes(seen leases: [LeaseStorage.ClientLease]) -> [Finding] {
        var clashes: [Finding] = []
        func add(_ host: Reservation, _ other: Reservation, _ why: ByteString) {
            clashes.append(
                Finding(
                    .problem, host.place,
                    "section '\(host.label)' clashes with section '\(other.label)' (\(other.place.text)): \(why)"))
        }
        for (index, host) in hosts.enumerated() {
            for other in hosts[..<index] where host.overlaps(other) {
                if let address = host.address, address == other.address {
                    add(host, other, "both reserve \(address), so dnsmasq does not start; change one of them")
                } else if let name = host.hostName, name == other.hostName,
                    !host.hardware.contains(where: { other.hardware.contains($0) })
                {
                    add(
                        host, other,
                        "both are '\(name)', which leads to the one that renewed last; make them one section "
                            + "with both MAC addresses, or give each a name")
                } else if host.identifiers.isEmpty, other.identifiers.isEmpty, host.hostName != other.hostName,
                    let shared = host.hardware.first(where: { other.hardware.contains($0) })
                {
                    add(
                        host, other,
                        "both are for \(shared), so dnsmasq goes by the last one alone; if two systems have it, give each "
                            + "section the client identifier that its system sends, else make them one")
                }
            }
        }
        var pairs: [ByteString] = []
        for client in leases {
            let hardware = client.lease.hardware
            for other in hosts where other.matches(hardware: hardware) {
                for host in hosts where host.overlaps(other) && !host.matches(hardware: hardware) {
                    let pair = host.place.text + other.place.text
                    guard let why = host.rival(of: other, for: client), !pairs.contains(pair) else { continue }
                    pairs.append(pair)
                    add(
                        host, other,
                        "both match \(hardware), '\(host.label)' \(why); if they are one system, make them one "
                            + "section, else take 'mac' out of '\(other.label)'")
                }
            }
        }
        return clashes
    }
}

extension Reservation {
    /// How this matches a client that `other` matches by its MAC address, and which of them wins; nil if it does not.
    fileprivate func rival(of other: Reservation, for client: LeaseStorage.ClientLease) -> ByteString? {
        if identifiers.contains(client.identifier) { return "by its client identifier, which always wins" }
        if duids.contains(client.identifier) || duids.contains(client.duid) {
            return "by its DUID, but a MAC address wins unless dnsmasq serves DHCPv6 too and gets that very identifier"
        }
        // A name that the other reserved is no word of the client's.
        if hardware.isEmpty, identifiers.isEmpty, hostName != nil, hostName == client.lease.hostName,
            hostName != other.hostName
        {
            return "by its name, but a MAC address always wins"
        }
        return nil
    }
}

extension ByteString {
    fileprivate init(hexPairsOf bytes: [UInt8]) {
        self = bytes.map { ByteString([UInt8(hexDigit: $0 >> 4), UInt8(hexDigit: $0 & 15)]) }.joined(separator: ":")
    }

    /// Bytes in hexadecimal digits as dnsmasq and odhcpd read them (`0:1a`, `001a`), as pairs in lower case, joined by
    /// colons; nil if there is anything else. With `wildcards`, `**` for a `*`.
    fileprivate func hexPairs(_ counts: ClosedRange<Int>, wildcards: Bool = false) -> ByteString? {
        var pairs: [UInt8] = []
        for part in lowercased.parts(separatedBy: { $0 == UInt8(ascii: ":") }) {
            guard part.count == 1 || part.count % 2 == 0, let first = part.bytes.first else { return nil }
            let isWildcard = wildcards && part.count == 1 && first == UInt8(ascii: "*")
            if part.count == 1 { pairs.append(isWildcard ? first : UInt8(ascii: "0")) }
            for byte in part.bytes {
                guard isWildcard || byte.isHexDigit else { return nil }
                pairs.append(byte)
                if pairs.count % 3 == 2 { pairs.append(UInt8(ascii: ":")) }
            }
        }
        return counts.contains(pairs.count / 3) ? ByteString(pairs.dropLast()) : nil
    }

    /// As a pattern, in which `*` stands for any byte.
    fileprivate func matches(_ pairs: ByteString) -> Bool {
        count == pairs.count
            && bytes.indices.allSatisfy { bytes[$0] == UInt8(ascii: "*") || bytes[$0] == pairs.bytes[$0] }
    }
}
