import Basics
import Configuration
import Linux

/// A running dnsmasq, as far as the aliases are concerned: where it looks for them, and what it adds to host names.
public struct Instance: Equatable, Sendable {
    public let confdir: ByteString
    public let domain: ByteString

    /// Those of OpenWrt: each has a file `/var/etc/dnsmasq.conf…`, rendered from /etc/config/dhcp when it is started.
    ///
    /// - Parameters:
    ///   - rendered: The folder of those files.
    ///   - dhcp: The settings that they are made from.
    /// - Throws: `settings` if a folder is on flash: each change of an alias would wear it.
    public static func all(
        _ settings: AliasSettings, rendered: ByteString = "/var/etc", dhcp: ByteString = "/etc/config/dhcp"
    ) throws(Fault) -> [Instance] {
        // One without a domain has an empty one for now.
        var instances: [Instance] = []
        for text in try texts(rendered) {
            let domain = values("domain=", in: text).first { $0.isHostName } ?? ""
            guard let confdir = values("conf-dir=", in: text).first else { continue }
            if !instances.contains(where: { $0.confdir == confdir }) {
                instances.append(Instance(confdir: confdir, domain: domain))
            }
        }
        let first = instances.first { !$0.domain.isEmpty }?.domain ?? ""
        if let confdir = settings.confdir {
            instances = [Instance(confdir: confdir, domain: first)]
        } else if instances.isEmpty {
            instances = [Instance(confdir: "/tmp/dnsmasq.d", domain: "")]
        }
        var found: [Instance] = []
        for instance in instances {
            var domain = settings.domain ?? (instance.domain.isEmpty ? first : instance.domain)
            if domain.isEmpty { domain = configured(dhcp) }
            guard try !FileSystem.wearsOut(instance.confdir) else {
                throw Fault(
                    .settings, "\(instance.confdir): is not in memory, but aliases change often; see option confdir")
            }
            found.append(Instance(confdir: instance.confdir, domain: domain.lowercased))
        }
        return found
    }

    /// The files in which the running instances keep their leases.
    public static func leaseFiles(rendered: ByteString = "/var/etc") -> [ByteString] {
        let texts = (try? texts(rendered)) ?? []
        return texts.compactMap { values("dhcp-leasefile=", in: $0).first }
    }

    /// What the running instances were started with.
    private static func texts(_ rendered: ByteString) throws(Fault) -> [ByteString] {
        // One that is being rendered anew may go at any moment.
        try Files.names(in: rendered).filter { $0.hasPrefix("dnsmasq.conf") }
            .compactMap { try? Files.read("\(rendered)/\($0)", limit: 1 << 24) }
    }

    /// What follows `key` at the start of a line, up to a comma.
    private static func values(_ key: ByteString, in text: ByteString) -> [ByteString] {
        text.lines.filter { $0.hasPrefix(key) }.map { line in
            let value = ByteString(line.bytes[key.count...])
            return value.split(at: UInt8(ascii: ","))?.before ?? value
        }
    }

    /// The domain of /etc/config/dhcp, else OpenWrt's own.
    private static func configured(_ dhcp: ByteString) -> ByteString {
        guard let text = try? Files.read(dhcp, limit: 1 << 24), let uci = try? UCI(text, file: dhcp) else {
            return "lan"
        }
        for section in uci.sections where section.type == "dnsmasq" {
            for option in section.options where option.name == "domain" {
                if let domain = option.values.first?.text, domain.isHostName { return domain }
            }
        }
        return "lan"
    }
}
