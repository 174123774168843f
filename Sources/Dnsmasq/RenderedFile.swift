import Basics
import Linux
import Network

/// `/var/etc/dnsmasq.conf.CFG`, which OpenWrt renders from /etc/config/dhcp for one instance. A missing value is empty.
public final class RenderedFile {
    public let path: ByteString
    /// CFG, the name of the instance's section.
    public let name: ByteString
    public private(set) var confdir: ByteString = ""
    /// The ends of names after the conf-dir: dnsmasq(8), --conf-dir.
    public private(set) var confdirFilter: [ByteString] = []
    public private(set) var domains: [Domain] = []
    public private(set) var leaseFile: ByteString = ""
    /// Other hosts files, and folders of hosts files, without the folder of our aliases.
    public private(set) var hosts: [ByteString] = []
    public private(set) var readsEtcHosts = true
    /// `port=0`: the instance answers no DNS queries.
    public private(set) var port0 = false
    private(set) var ranges: [AddressRange] = []

    public var hasRanges: Bool { !ranges.isEmpty }
    /// The instance's own domain, for networks without a domain.
    public var domain: ByteString { domains.name(for: nil) }

    /// Returns the rendered files in a folder, without drafts (`dnsmasq.conf.CFG.PID`).
    /// - Throws: `cannotCreate` if the folder can't be read.
    public static func all(in folder: ByteString = "/var/etc") throws(Fault) -> [RenderedFile] {
        try Files.names(in: folder).compactMap { RenderedFile("\(folder)/\($0)") }
    }

    /// Returns nil if the path is no rendered file, or the file can't be read: OpenWrt may remove it at any moment.
    public convenience init?(_ path: ByteString) {
        guard RenderedFile.name(of: path).isIdentifier, let text = try? Files.read(path) else { return nil }
        self.init(path: path, text: text)
    }

    private static func name(of path: ByteString) -> ByteString {
        let names = path.parts { $0 == UInt8(ascii: "/") }
        return [names[names.count - 1]].values(of: "dnsmasq.conf.").first ?? ""
    }

    init(path: ByteString, text: ByteString) {
        self.path = path
        name = RenderedFile.name(of: path)
        for line in text.lines {
            guard let (key, value) = line.split(at: UInt8(ascii: "=")) else {
                if line.trimmed == "no-hosts" { readsEtcHosts = false }
                continue
            }
            let words = value.commaSeparated
            switch key.trimmed {
            case "conf-dir" where confdir.isEmpty: (confdir, confdirFilter) = (words[0], Array(words.dropFirst()))
            case "domain": if let domain = Domain(value) { domains.append(domain) }
            case "dhcp-leasefile" where leaseFile.isEmpty: leaseFile = value.trimmed
            case "dhcp-range": if let range = AddressRange(dhcp: value) { ranges.append(range) }
            case "addn-hosts", "hostsdir": if !HostsFolder.isOurs(value.trimmed) { hosts.append(value.trimmed) }
            case "port": port0 = value.trimmed.wholeNumber == 0
            default: break
            }
        }
    }

    public func reads(_ name: ByteString) -> Bool { RenderedFile.reads(name, filter: confdirFilter) }

    /// - Parameter filter: The ends of names: `*END` admits only files with such an end, `END` excludes them.
    static func reads(_ name: ByteString, filter: [ByteString]) -> Bool {
        // A lone `*` and an empty word change nothing.
        let wanted = filter.values(of: "*").filter { !$0.isEmpty }
        let unwanted = filter.filter { !$0.isEmpty && !$0.hasPrefix("*") }
        func hasOne(of ends: [ByteString]) -> Bool { ends.contains { name.count > $0.count && name.hasSuffix($0) } }
        return !name.isHiddenOrBackup && !hasOne(of: unwanted) && (wanted.isEmpty || hasOne(of: wanted))
    }
}

/// A domain that dnsmasq gives to leases: dnsmasq(8), --domain.
public final class Domain {
    public let name: ByteString
    /// The addresses in the domain; nil for all addresses without another domain.
    let range: AddressRange?

    /// - Parameter value: Such as `lan`, `iot.lan,192.168.2.0/24,local`, or `iot.lan,192.168.2.10,192.168.2.99`.
    /// - Returns: nil for `#`, for a wrong name, and for the domain of an interface (`iot.lan,br-iot`).
    public init?(_ value: ByteString) {
        let words = value.commaSeparated
        guard words[0].withoutDot.isHostName else { return nil }
        name = words[0].withoutDot.lowercased
        let hasRange = words.count > 1 && !words[1].isEmpty
        range = hasRange ? AddressRange(words[1], to: words.count > 2 ? words[2] : nil) : nil
        if hasRange, range == nil { return nil }
    }
}

extension [Domain] {
    /// The domain of an address, else the domain without a range. The last match wins, as in dnsmasq's option.c.
    public func name(for address: Address?) -> ByteString {
        var (own, ranged): (ByteString, ByteString) = ("", "")
        for domain in self {
            if domain.range == nil { own = domain.name }
            if let address, domain.range?.contains(address) ?? false { ranged = domain.name }
        }
        return ranged.isEmpty ? own : ranged
    }
}

extension ByteString {
    var trimmed: ByteString {
        let end = (bytes.lastIndex { !$0.isSpace } ?? -1) + 1
        return ByteString(bytes[..<end].drop { $0.isSpace })
    }

    /// The words of an option's value, one or more, as dnsmasq's option.c (`split`) divides them.
    var commaSeparated: [ByteString] { parts { $0 == UInt8(ascii: ",") }.map { $0.trimmed } }

    var withoutDot: ByteString { hasSuffix(".") ? ByteString(bytes.dropLast()) : self }

    /// Whether dnsmasq skips a file of this name in any folder.
    var isHiddenOrBackup: Bool { hasPrefix(".") || hasSuffix("~") || hasPrefix("#") && hasSuffix("#") }
}
