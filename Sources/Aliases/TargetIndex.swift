import Basics
import Leases
import Linux

/// Which clients have a lease with a target's name: `RUN/targets/HOST/CLIENT`, so that nobody has to look through all
/// leases for one. It may name a client too many, but none too few: a client is added before its lease is recorded, and
/// removed when it is found to have none. Only who holds the aliases' lock changes it.
public struct TargetIndex {
    public typealias ClientLeases = (client: ClientIdentifier, leases: [Lease])

    private let run: ByteString

    /// - Parameter run: The updater's run directory.
    public init(run: ByteString) {
        self.run = run
    }

    private func folder(_ host: ByteString) -> ByteString { "\(run)/targets/\(host)" }

    /// Makes the index that of `hosts`. Costs a look at every lease, but only if a host is a target for the first time.
    ///
    /// - Throws: `cannotCreate`.
    public func prepare(_ hosts: [ByteString], _ storage: DirectoryLeases) throws(Fault) {
        let old = try Files.names(in: "\(run)/targets")
        for host in old where !hosts.contains(host) { try Files.removeFolder(folder(host)) }
        let new = hosts.filter { !old.contains($0) }
        if new.isEmpty { return }
        var found: [(client: ClientIdentifier, host: ByteString)] = []
        for client in try storage.everybody() {
            for lease in try storage.leases(of: client) where new.contains(lease.hostName) {
                found.append((client, lease.hostName))
            }
        }
        let draft: ByteString = "\(run)/targets/.new"
        try Files.makeFolder("\(run)/targets")
        for host in new {
            try Files.removeFolder(draft)
            try Files.makeFolder(draft)
            for (client, name) in found where name == host {
                _ = try Files.create("\(draft)/\(client.name)")
            }
            try Files.rename(draft, to: folder(host))
        }
    }

    /// Says that the client is about to have a lease with that name.
    ///
    /// - Throws: `cannotCreate`.
    public func add(_ client: ClientIdentifier, to host: ByteString) throws(Fault) {
        _ = try Files.create("\(folder(host))/\(client.name)")
    }

    /// The unexpired leases with that name, each with its MAC address if that is known.
    ///
    /// - Throws: `cannotCreate`.
    public func leases(of host: ByteString, in storage: DirectoryLeases) throws(Fault) -> [Lease] {
        var found: [Lease] = []
        for name in try Files.names(in: folder(host)) {
            guard let client = ClientIdentifier(name: name) else { continue }
            do throws(LeaseFault) {
                found += try storage.readOnly(client).filter { $0.hostName == host }
                    .map { $0.completed(for: client) }
            } catch {
                throw error.fault
            }
        }
        return found
    }

    /// The same, for who holds the lock. Leases that have expired are removed, and clients without any struck out.
    ///
    /// - Parameter known: A client, and what leases it is known to have.
    /// - Throws: `cannotCreate`.
    public func pruned(
        of host: ByteString, in storage: DirectoryLeases, knowing known: ClientLeases? = nil
    ) throws(Fault) -> [Lease] {
        var found: [Lease] = []
        for name in try Files.names(in: folder(host)) {
            var leases: [Lease] = []
            if let known, known.client.name == name {
                leases = known.leases.map { $0.completed(for: known.client) }
            } else if let client = ClientIdentifier(name: name) {
                leases = try storage.leases(of: client)
            }
            leases = leases.filter { $0.hostName == host }
            if leases.isEmpty { try Files.remove("\(folder(host))/\(name)") }
            found += leases
        }
        return found
    }
}

extension DirectoryLeases {
    /// The client's unexpired leases. The others are removed, and their owner is told.
    fileprivate func leases(of client: ClientIdentifier) throws(Fault) -> [Lease] {
        do throws(LeaseFault) {
            let (leases, token) = try lookup(client)
            release(token)
            return leases.map { $0.completed(for: client) }
        } catch {
            throw error.fault
        }
    }

    fileprivate func everybody() throws(Fault) -> [ClientIdentifier] {
        do throws(LeaseFault) {
            return try clients()
        } catch {
            throw error.fault
        }
    }
}
