import Basics
import Configuration
import Leases
import Linux
import Network

/// A running dnsmasq, as far as the aliases are concerned: where it looks for them, and what it adds to host names.
public final class Instance {
    public let confdir: ByteString
    public let domain: ByteString
    /// What those were started with that look there.
    public let rendered: [RenderedFile]
    /// What the other instances were started with.
    fileprivate(set) var others: [RenderedFile] = []

    init(confdir: ByteString, domain: ByteString, _ rendered: [RenderedFile]) {
        self.confdir = confdir
        self.domain = domain
        self.rendered = rendered
    }

    /// Those of OpenWrt, each conf-dir once.
    ///
    /// - Parameters:
    ///   - rendered: What they were started with.
    ///   - confdir: The conf-dir if neither the settings nor a running instance has one.
    ///   - fallback: The domain if neither the settings nor a running instance has one.
    public static func all(
        _ settings: UpdaterSettings, _ rendered: [RenderedFile], confdir: ByteString = "/tmp/dnsmasq.d",
        fallback: () -> ByteString
    ) -> [Instance] {
        let first = rendered.first { !$0.confdir.isEmpty && !$0.domain.isEmpty }?.domain ?? ""
        func instance(_ confdir: ByteString, _ own: ByteString = "") -> Instance {
            var domain = settings.domain ?? (own.isEmpty ? first : own)
            if domain.isEmpty { domain = fallback() }
            return Instance(
                confdir: confdir, domain: domain.lowercased, rendered.filter { $0.confdir == confdir })
        }
        if let confdir = settings.confdir { return [instance(confdir)] }
        var instances: [Instance] = []
        for file in rendered where !file.confdir.isEmpty && !instances.contains(where: { $0.confdir == file.confdir }) {
            instances.append(instance(file.confdir, file.domain))
        }
        for one in instances { one.others = rendered.filter { $0.confdir != one.confdir } }
        return instances.isEmpty ? [instance(confdir)] : instances
    }

    /// Whether the instance can have given this lease: its address is in a lease file of its own, or, if it shares that with
    /// others, in a network of which it gives addresses. A single one has given all.
    public func knows(_ lease: Lease) -> Bool {
        if others.isEmpty { return true }
        if let ownLeases { return lease.addresses.contains { ownLeases.has($0) } }
        return ranges.isEmpty
            || lease.addresses.contains { address in ranges.contains { $0.holds(address) } }
    }

    /// The lease files that no other instance has; nil if there is no such file.
    private lazy var ownLeases: LeaseFiles? = {
        let shared = others.leaseFiles
        let paths = rendered.leaseFiles.filter { !shared.contains($0) }
        return paths.isEmpty ? nil : LeaseFiles { paths }
    }()
    private lazy var ranges = rendered.flatMap { $0.ranges.compactMap { DHCPRange($0) } }

    /// What is wrong if the conf-dir is on flash: each change of an alias would wear it. Else nil.
    ///
    /// - Throws: `cannotCreate`.
    public func problem() throws(Fault) -> Finding? {
        guard try FileSystem.wearsOut(confdir) else { return nil }
        return Finding(.problem, Place(confdir), "is not in memory, but aliases change often; see option confdir")
    }

    /// - Throws: `settings` if there is a problem with the conf-dir. `cannotCreate`.
    public func check() throws(Fault) {
        if let problem = try problem() { throw Fault(.settings, problem.message) }
    }
}

/// What an instance of dnsmasq was started with: OpenWrt's `/var/etc/dnsmasq.conf…`, rendered from /etc/config/dhcp. Values
/// that it does not have are empty.
public final class RenderedFile {
    public let path: ByteString
    public private(set) var confdir: ByteString = ""
    public private(set) var domain: ByteString = ""
    public private(set) var leaseFile: ByteString = ""
    fileprivate private(set) var ranges: [ByteString] = []
    /// Files with more host names, and folders of such files.
    private(set) var hosts: [ByteString] = []

    /// - Parameter folder: Where the files are.
    /// - Throws: `cannotCreate` if the folder can't be read.
    public static func all(in folder: ByteString = "/var/etc") throws(Fault) -> [RenderedFile] {
        // One that is being rendered anew may go at any moment.
        try Files.names(in: folder).filter { $0.hasPrefix("dnsmasq.conf") }.compactMap { name in
            (try? Files.read("\(folder)/\(name)")).map { RenderedFile("\(folder)/\(name)", $0) }
        }
    }

    init(_ path: ByteString, _ text: ByteString) {
        self.path = path
        for line in text.lines {
            guard let (key, value) = line.split(at: UInt8(ascii: "=")) else { continue }
            let first = value.split(at: UInt8(ascii: ","))?.before ?? value
            switch key {
            case "conf-dir" where confdir.isEmpty: confdir = first
            case "domain" where domain.isEmpty && first.isHostName: domain = first
            case "dhcp-leasefile" where leaseFile.isEmpty: leaseFile = first
            case "dhcp-range": ranges.append(value)
            case "addn-hosts": hosts.append(value)
            default: break
            }
        }
    }
}

extension [RenderedFile] {
    /// The files in which the running instances keep their leases.
    public var leaseFiles: [ByteString] { map { $0.leaseFile }.filter { !$0.isEmpty }.uniqued }
}
