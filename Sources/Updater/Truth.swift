import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Network

/// The facts of this moment: the settings, the instances of dnsmasq, and the hosts that each instance knows.
final class Truth {
    let context: Context
    let aliases: [Alias]
    let updater: UpdaterSettings
    let digest: ByteString
    let instances: [Instance]
    private(set) var publications: [Publication] = []
    /// Why other conf-dirs can't be given aliases.
    private(set) var obstacles: [Finding] = []
    /// Leases without an event, as they must be recorded.
    private(set) var untold: [LeaseStorage.ClientLease] = []
    private let names: NameIndex
    /// No reconcile has read the lease files with these settings before.
    private let isFirst: Bool
    /// Every record is read, also a record that decides nothing.
    private let isThorough: Bool

    /// - Parameter settings: Replaces the settings in force.
    /// - Throws: `cannotCreate`.
    init(_ context: Context, settings: Settings? = nil, isFirst: Bool = true, isThorough: Bool = true) throws(Fault) {
        (self.context, self.isFirst, self.isThorough) = (context, isFirst, isThorough)
        aliases = settings?.aliases ?? context.settings.aliases
        updater = settings?.updater ?? context.settings.updater
        digest = settings?.digest ?? context.settings.digest
        names = NameIndex(aliases.flatMap { alias in [alias.name.text] + alias.targets.map { $0.host.text } })
        let router = context.router
        let states = try Publication.states(context)
        let ran = states.flatMap { $0.seen }
        let found = try Instance.all(
            updater, in: router.rendered, processes: router.processes()
        ) { name in ran.contains { $0.name == name } && context.reservations?.mayEnable(name) ?? true }
        let isPlain = found.isEmpty && !(context.reservations?.hasInstances ?? false)
        instances = isPlain ? [Instance.plain(updater)] : found
        for confdir in instances.map({ $0.confdir }).uniqued {
            let group = instances.filter { $0.confdir == confdir }
            if let obstacle = try group[0].obstacle() {
                obstacles.append(obstacle)
            } else {
                publications.append(
                    try Publication(self, instances: group, state: states.first { $0.confdir == confdir }))
            }
        }
    }

    /// Whether a name, with or without a domain, is a target's or an alias's.
    func isWanted(_ name: ByteString) -> Bool {
        let dot = UInt8(ascii: ".")
        return names.contains(name)
            || name.bytes.indices.contains { name.bytes[$0] == dot && names.contains(name, in: 0..<$0) }
    }

    /// Returns the hosts that the instances know.
    /// - Throws: `cannotCreate`.
    func hosts(_ instances: [Instance], domains: [Domain]) throws(Fault) -> HostTable {
        var leases: [LeaseStorage.ClientLease] = []
        for instance in instances { leases += try self.leases(of: instance) }
        let files = instances.flatMap { $0.isPlain ? [] : $0.hostsFiles }.uniqued
        return HostTable(leases: leases, hosts: HostsFiles.entries(in: files) { self.isWanted($0) }, domains: domains)
    }

    /// Whether a second running instance writes the same lease file, from its own memory.
    private func isShared(_ instance: Instance) -> Bool {
        instances.contains { other in
            other !== instance && !other.processes.isEmpty && other.rendered.leaseFile == instance.rendered.leaseFile
        }
    }

    private func file(of instance: Instance) -> LeaseFile? { context.leaseFiles.file(instance.rendered.leaseFile) }

    private func leases(of instance: Instance) throws(Fault) -> [LeaseStorage.ClientLease] {
        let file = file(of: instance)
        let wallClock = context.router.wallClock()
        let listed = file?.leases(at: context.now, wallClock: wallClock, of: names) ?? []
        let up = NameIndex(listed.compactMap { $0.lease.hostName?.text })
        let competing = NameIndex(
            aliases.flatMap { alias -> [ByteString] in
                let hosts = alias.targets.map { $0.host }.filter { up.contains($0.text) }
                let all = isThorough || instances.count > 1 || hosts.count > 1
                // A name in a hosts file may compete with a single lease.
                return hosts.filter { all || context.presence.candidate($0) != nil }.map { $0.text }
            })
        let all = try listed.map { (held) throws(Fault) in
            competing.contains(held.lease.hostName?.text ?? "") ? try completed(held) : held.completed
        }
        if file != nil, !isShared(instance) { return all }
        // A file that two instances write proves presence, not absence. Without a file the records decide.
        let recorded = try context.storage.all().filter { held in
            guard let host = held.lease.hostName, names.contains(host.text) else { return false }
            return !all.contains { $0.lease.addresses == held.lease.addresses }
        }
        return (recorded + all).filter { instances.count < 2 || instance.serves($0.lease) }
    }

    /// Returns a lease of the file, completed by what events have told.
    private func completed(_ held: LeaseStorage.ClientLease) throws(Fault) -> LeaseStorage.ClientLease {
        let lease = held.lease
        var record: Lease?
        // If OpenWrt does not pass on the client identifier, the record has the MAC address as its client.
        for client in [held.client, ClientIdentifier(.hardware, lease.hardware)] {
            guard let client else { continue }
            for one in try context.storage.recorded(client) where one.addresses == lease.addresses {
                if record == nil || one.hostName == lease.hostName { record = one }
            }
        }
        let isTold = record?.hostName == lease.hostName && record != nil
        let since = isTold ? record?.since : isFirst && record == nil ? nil : context.now
        func told(_ hardware: ByteString) -> LeaseStorage.ClientLease {
            let whole = Lease(
                addresses: lease.addresses, hostName: lease.hostName, hardware: hardware,
                job: context.settings.leaseJob, expires: lease.expires, since: since, seen: record?.seen,
                turns: record?.turns ?? "")
            return LeaseStorage.ClientLease(of: held.client, whole)
        }
        let recorded = record?.hardware ?? ""
        // An event with a new MAC address may follow, and must find the old address.
        if !isTold { untold.append(told(recorded.isEmpty ? lease.hardware : recorded)) }
        return told(lease.hardware.isEmpty ? recorded : lease.hardware).completed
    }

    /// Returns all leases of the lease files, completed by the records. If a file is missing, the records count.
    /// - Throws: `cannotCreate`.
    func leases() throws(Fault) -> [LeaseStorage.ClientLease] {
        var all: [LeaseStorage.ClientLease] = []
        let wallClock = context.router.wallClock()
        let paths = instances.map { $0.rendered.leaseFile }.filter { !$0.isEmpty }.uniqued
        let files = paths.compactMap { context.leaseFiles.file($0) }
        for file in files {
            for held in file.leases(at: context.now, wallClock: wallClock) { all.append(try completed(held)) }
        }
        let isWhole = !files.isEmpty && files.count == paths.count
        for held in isWhole ? [] : try context.storage.all() {
            if !all.contains(where: { $0.lease.addresses == held.lease.addresses }) { all.append(held) }
        }
        return all
    }

    /// Returns the clients without a lease; empty if a file does not prove it.
    func withoutLease(_ clients: [ClientIdentifier]) -> [ClientIdentifier] {
        if instances.isEmpty { return [] }
        let index = NameIndex(clients.map { $0.text })
        var isThere = [Bool](repeating: false, count: clients.count)
        for instance in instances {
            guard !isShared(instance), let file = file(of: instance) else { return [] }
            file.forEachLease { words in
                for place in [1, 4].flatMap({ index.indices(of: words[$0].lowercased) }) { isThere[place] = true }
            }
        }
        var absent: [ClientIdentifier] = []
        for (place, client) in clients.enumerated() where !isThere[place] { absent.append(client) }
        return absent
    }

    func known(_ host: HostName) -> KnownHost {
        let all = publications.map { $0.hosts.known(host) }
        return KnownHost(leases: all.flatMap { $0.leases }, hosts: all.flatMap { $0.hosts })
    }

    var candidates: [[HostName]] { aliases.map { $0.candidates { known($0).isUp } }.filter { !$0.isEmpty } }
}
