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
    private lazy var ranges = rendered.flatMap { $0.ranges }

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
