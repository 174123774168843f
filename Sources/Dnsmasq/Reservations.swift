import Basics
import Configuration
import Linux
import Network

/// One `config host` of `/etc/config/dhcp`. OpenWrt's dnsmasq.init (`dhcp_host_add`) makes one `dhcp-host=` line, which
/// matches by:
///
/// - `mac`: a MAC address, or a client identifier for a word `id:…`.
/// - `duid`: `id:` and its first word, only where dnsmasq serves DHCPv6 too. Beside odhcpd, dnsmasq does not.
/// - `name`: the name that the client sends, only if the line has no `mac` and no `duid`.
public final class Reservation {
    public let place: Place
    /// The section's name, else the host's name; for messages.
    public private(set) var label: ByteString
    /// Pairs of hexadecimal digits in lower case, joined by colons; `**` matches any pair.
    public private(set) var hardware: [ByteString] = []
    /// Client identifiers from `mac`, as pairs like `hardware`.
    public private(set) var identifiers: [ByteString] = []
    public private(set) var duids: [ByteString] = []
    public private(set) var hostName: HostName?
    public private(set) var address: Address?
    /// The last bits of the IPv6 address, in hexadecimal digits; `ignore` if odhcpd gives no address; or empty.
    public private(set) var hostID: ByteString = ""

    private var isUsed = false
    private var isOff = false
    fileprivate var isEnabled: Bool { isUsed && !isOff }
    /// The section of the only instance that gets the reservation; empty if all instances get it.
    private(set) var instance: ByteString = ""
    /// The tags that a client needs.
    private(set) var tags: [ByteString] = []

    fileprivate init(_ section: UCI.Section, file: ByteString) {
        (place, label) = (Place(file, line: section.line), section.name ?? "host")
    }

    fileprivate func set(_ option: ByteString, to word: ByteString) -> ByteString? {
        // dhcp_host_add skips a section without these options.
        if ["name", "ip", "hostid"].contains(option) { isUsed = true }
        switch option {
        case "mac" where word.lowercased.hasPrefix("id:"):
            let text = ByteString(word.bytes.dropFirst(3))
            if text == "*" { break }
            // Without a colon, dnsmasq reads the identifier as text.
            let isText = !text.isEmpty && !text.bytes.contains(UInt8(ascii: ":"))
            let characters = text.bytes.map { ByteString(hexadecimal: UInt64($0), digits: 2) }.joined(separator: ":")
            guard let pairs = isText ? characters : text.hexPairs(1...255)
            else { return "allowed are bytes in hexadecimal digits, joined by colons, or text" }
            identifiers.append(pairs)
        case "mac":
            guard let pairs = word.hexPairs(6...6, wildcards: true)
            else { return "allowed are six bytes, joined by colons, such as 00:11:22:aa:bb:cc or 00:11:22:*:*:*" }
            hardware.append(pairs)
        case "duid":
            // odhcpd accepts a %IAID after the DUID.
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
            let digits = word.hasPrefix("0x") ? ByteString(word.bytes.dropFirst(2)) : word
            guard word == "ignore" || digits.count <= 16 && digits.lowercased.bytes.allSatisfy({ $0.isHexDigit })
            else { return "allowed are up to 16 hexadecimal digits, and ignore" }
            hostID = digits.lowercased
        case "match_tag": tags = (tags + [word]).sorted()
        case "instance": instance = word
        case "enable": isOff = word.flag == false
        default: break
        }
        return nil
    }

    func matches(hardware address: ByteString) -> Bool { hardware.contains { $0.matches(address) } }
}

/// The hosts and domains in OpenWrt's `/etc/config/dhcp`.
public final class Reservations {
    public private(set) var hosts: [Reservation] = []
    public private(set) var domains: [UCI.Value] = []
    /// Each CNAME: its names, then the target after the last comma. LuCI has a page for CNAMEs.
    public private(set) var cnames: [UCI.Value] = []
    /// The names of each `config domain`, which dnsmasq reads from a hosts file: lines `NAME PLACE`.
    public private(set) var names: [ByteString] = []
    /// The networks in which a restart of dnsmasq first searches for another DHCP server.
    public private(set) var searched: [ByteString] = []
    public private(set) var searchPlace: Place?
    /// The sections of the enabled instances; empty for a section without a name.
    private var instances: [ByteString] = []
    public var hasInstances: Bool { !instances.isEmpty }
    public private(set) var problems: [Finding] = []

    public static var path: ByteString { Places.uci("dhcp") }

    /// Whether an instance may be enabled. libuci invents a name such as `cfg01411c` for a section without a name.
    public func mayEnable(_ instance: ByteString) -> Bool {
        instances.isEmpty || instances.contains(instance) || instances.contains("") && instance.hasPrefix("cfg")
    }

    /// Reads a file, which may be missing.
    /// - Throws: `settings` if the file can't be read or is no UCI. dnsmasq then does not get the file either.
    public convenience init(file path: ByteString = path) throws(Fault) {
        let text: ByteString
        do throws(Fault) {
            text = try Files.readIfThere(path) ?? ""
        } catch {
            throw Fault(.settings, error.message)
        }
        try self.init(text, file: path)
    }

    public var domain: ByteString { domains.first?.text ?? "lan" }

    /// - Throws: `settings` if the text is no UCI.
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        for section in try UCI(text, file: file).sections {
            let host = Reservation(section, file: file)
            var wrong: [Finding] = []
            for option in section.options {
                for word in option.words {
                    var allowed: ByteString?
                    if section.type == "host" {
                        allowed = host.set(option.name, to: word.text)
                    } else if section.type == "domain", option.name == "name" {
                        names.append("\(word.text.lowercased) \(file):\(word.line)")
                    } else if section.type == "dnsmasq", option.name == "domain" {
                        if word.text.isHostName { domains.append(word) } else { allowed = "not a domain" }
                    }
                    if let allowed {
                        let text: ByteString = "\(option.name) '\(word.text.printable())': \(allowed)"
                        wrong.append(Finding(.problem, at: Place(file, line: word.line), text))
                    }
                }
            }
            func value(_ name: StaticString) -> UCI.Value? { section.values(of: name).first }
            if section.type == "cname", let name = value("cname"), let target = value("target") {
                cnames.append(UCI.Value("\(name.text),\(target.text)", line: name.line))
            }
            func isOn(_ name: StaticString) -> Bool { value(name)?.text.flag ?? false }
            if section.type == "dnsmasq", !isOn("disabled") { instances.append(section.name ?? "") }
            if section.type == "dhcp", let network = value("interface"), !isOn("ignore"), !isOn("force") {
                searched.append(network.text.printable())
                searchPlace = searchPlace ?? Place(file, line: section.line)
            }
            if host.isEnabled { hosts.append(host) }
            if host.isEnabled || section.type != "host" { problems += wrong }
        }
    }
}

extension ByteString {
    /// Hexadecimal bytes as dnsmasq and odhcpd read them (`0:1a`, `001a`), as pairs in lower case, joined by colons.
    /// Returns nil for other text. With `wildcards`, `*` gives `**`.
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

    /// Whether the pattern, in which `*` matches any digit, matches pairs.
    fileprivate func matches(_ pairs: ByteString) -> Bool {
        count == pairs.count
            && bytes.indices.allSatisfy { bytes[$0] == UInt8(ascii: "*") || bytes[$0] == pairs.bytes[$0] }
    }
}
