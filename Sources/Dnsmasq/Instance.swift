import Basics
import Configuration
import Leases
import Linux
import Network

/// An instance of dnsmasq that OpenWrt runs, or has run.
public final class Instance {
    public let rendered: RenderedFile
    /// Empty if the instance is down; several while one process ends and the next begins.
    public let processes: [DnsmasqProcess]
    public let confdir: ByteString
    public var name: ByteString { rendered.name }

    init(_ rendered: RenderedFile, processes: [DnsmasqProcess], confdir: ByteString) {
        (self.rendered, self.processes, self.confdir) = (rendered, processes, confdir)
    }

    /// The instances whose processes run, or ran at the last change of a fragment (`ran`). A rendered file alone does
    /// not count: the file stays after its section is removed, renamed or disabled.
    /// - Throws: `cannotCreate` if the folder can't be read.
    public static func all(
        _ settings: UpdaterSettings, in folder: ByteString, processes: [DnsmasqProcess], ran: (ByteString) -> Bool
    ) throws(Fault) -> [Instance] {
        var instances: [Instance] = []
        for file in try RenderedFile.all(in: folder) {
            let confdir = settings.confdir ?? file.confdir
            let isThere = ((try? FileStatus(at: confdir)) ?? nil) != nil
            let own = processes.filter { $0.file == file.path && (!isThere || $0.sees(confdir)) }
            if !own.isEmpty || ran(file.name) { instances.append(Instance(file, processes: own, confdir: confdir)) }
        }
        return instances
    }

    /// Returns the instance for a dnsmasq without OpenWrt, whose processes and files are unknown.
    public static func plain(_ settings: UpdaterSettings) -> Instance {
        Instance(RenderedFile(path: "", text: ""), processes: [], confdir: settings.confdir ?? "/tmp/dnsmasq.d")
    }

    public var isPlain: Bool { name.isEmpty }

    /// Why the instance can't get aliases; nil if it can.
    /// - Throws: `cannotCreate`.
    public func obstacle() throws(Fault) -> Finding? {
        func find(_ text: ByteString) -> Finding { Finding(.problem, at: Place(rendered.path), text) }
        if rendered.port0 { return find("port=0: this instance answers no queries, so it is given no aliases") }
        if confdir.isEmpty { return find("has no conf-dir, so this instance is given no aliases") }
        if confdir == rendered.confdir, !rendered.reads(Fragment.name) {
            return find("its conf-dir reads no file of the name \(Fragment.name), so it is given no aliases")
        }
        if try FileSystem.wearsOut(confdir) {
            return Finding(
                .problem, at: Place(confdir), "is not in memory, but aliases change often; see option confdir")
        }
        return nil
    }

    /// Whether an address of the lease is in one of the networks. An instance without a range serves all addresses.
    public func serves(_ lease: Lease) -> Bool {
        let ranges = rendered.ranges
        return ranges.isEmpty || lease.addresses.contains { address in ranges.contains { $0.contains(address) } }
    }

    public var hostsFiles: [ByteString] { (rendered.readsEtcHosts ? ["/etc/hosts"] : []) + rendered.hosts }
}
