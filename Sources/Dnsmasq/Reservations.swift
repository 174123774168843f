import Basics
import Configuration
import Linux
import Network

/// One `config host` of `/etc/config/dhcp`.
///
/// OpenWrt's dnsmasq.init (`dhcp_host_add`) makes a `dhcp-host=` line of it. The line gets each word of `mac`, so
/// `id:…` there is a client identifier. It gets `id:` and the first word of `duid` if dnsmasq serves DHCPv6, which it
/// does not beside odhcpd. Without these it gets `name`, which then is the name that the client sends. So a line
/// matches by MAC address (`mac`), by client identifier (`mac 'id:…'`, at times `duid`) or by name.
public final class Reservation {
    public let place: Place
    /// The section's name, else the host's, for messages.
    public private(set) var label: ByteString
    /// Pairs of hexadecimal digits in lower case, joined by colons; `**` matches any pair.
    public private(set) var hardware: [ByteString] = []
    /// Client identifiers from `mac`, as such pairs.
    public private(set) var identifiers: [ByteString] = []
    public private(set) var duids: [ByteString] = []
    public private(set) var hostName: HostName?
    public private(set) var address: Address?
    /// The last bits of the IPv6 address, in hexadecimal digits; empty if there are none; `ignore` for odhcpd.
    public private(set) var hostID: ByteString = ""

    private var isUsed = false
    private var isOff = false
    fileprivate var isEnabled: Bool { isUsed && !isOff }
    /// The only instance that gets the reservation; empty for all.
    private(set) var instance: ByteString = ""
    private(set) var tags: [ByteString] = []

    fileprivate init(_ section: UCI.Section, file: ByteString) {
        (place, label) = (Place(file, line: section.line), section.name ?? "host")
    }

    /// - Returns: What is allowed, if `word` is not.
    fileprivate func set(_ option: ByteString, to word: ByteString) -> ByteString? {
        // dhcp_host_add leaves out a section without any of these.
        if ["name", "ip", "hostid"].contains(option) { isUsed = true }
        switch option {
        case "mac" where word.lowercased.hasPrefix("id:"):
            let text = ByteString(word.bytes.dropFirst(3))
            if text == "*" { break }
            // Without a colon it is text to dnsmasq.
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
            // odhcpd allows `%IAID` at the end.
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

/// The hosts and domains of OpenWrt's `/etc/config/dhcp`.
public final class Reservations {
    public private(set) var hosts: [Reservation] = []
    /// The `domain` of each `config dnsmasq` that has one.
    public private(set) var domains: [UCI.Value] = []
    /// The CNAMEs, which LuCI has a page for: names, and the target after the last comma.
    public private(set) var cnames: [UCI.Value] = []
    /// The names of each `config domain`, which dnsmasq gets in a hosts file: lines `NAME PLACE`.
    public private(set) var names: [ByteString] = []
    /// The networks in which each restart of dnsmasq looks for another DHCP server.
    public private(set) var searched: [ByteString] = []
    public private(set) var searchPlace: Place?
    /// The sections of the enabled instances of dnsmasq; empty for an anonymous section.
    private var instances: [ByteString] = []
    public var hasInstances: Bool { !instances.isEmpty }
    public private(set) var problems: [Finding] = []

    public static var path: ByteString { Places.uci("dhcp") }

    /// Whether an instance may be enabled. libuci calls an anonymous section by a name such as `cfg01411c`.
    public func mayEnable(_ instance: ByteString) -> Bool {
        instances.isEmpty || instances.contains(instance) || instances.contains("") && instance.hasPrefix("cfg")
    }

    /// Reads a file, which may be missing.
    /// - Throws: `settings` if the file can't be read or is not UCI: then dnsmasq does not get it either.
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

    /// - Throws: `settings` if the text is not UCI.
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
    /// Bytes in hexadecimal digits as dnsmasq and odhcpd read them (`0:1a`, `001a`), as pairs in lower case, joined by
    /// colons; nil for any other text. With `wildcards`, `*` becomes `**`.
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

    fileprivate func matches(_ pairs: ByteString) -> Bool {
        count == pairs.count
            && bytes.indices.allSatisfy { bytes[$0] == UInt8(ascii: "*") || bytes[$0] == pairs.bytes[$0] }
    }
}
