import Basics
import Leases
import Linux

/// Which clients have a lease with a target's name: `FOLDER/targets`, sorted lines `HOST CLIENT`, so that nobody has to look
/// through all leases for one. It may name a client too many, but none too few: a client is added before its lease is
/// recorded, and removed when it is found to have none. Only who holds the aliases' lock changes it.
public struct TargetIndex {
    public typealias ClientLeases = (client: ClientIdentifier, leases: [Lease])

    private let path: ByteString

    /// - Parameter folder: The updater's run directory.
    public init(folder: ByteString) {
        path = folder + "/targets"
    }

    /// Makes the index anew. Costs a look at every lease.
    ///
    /// - Parameter isTarget: Whether a host is a target.
    /// - Throws: `cannotCreate`.
    public func rebuild(
        _ storage: LeaseStorage, isTarget: (HostName) throws(Fault) -> Bool
    ) throws(Fault) {
        try storage.begin()
        var lines: [ByteString] = []
        for client in try storage.clients() {
            for name in try storage.leases(of: client).compactMap({ $0.hostName }).uniqued where try isTarget(name) {
                lines.append("\(name) \(client.name)")
            }
        }
        try write(lines)
    }

    /// Says that the client is about to have a lease with that name.
    ///
    /// - Throws: `cannotCreate`.
    public func add(_ client: ClientIdentifier, to host: HostName) throws(Fault) {
        let line: ByteString = "\(host) \(client.name)"
        if try clients(of: host).contains(where: { $0 == client }) { return }
        try write((Files.readIfThere(path)?.lines ?? []) + [line])
    }

    /// Removes leases that have expired, and the clients that have none with the name any more.
    ///
    /// - Returns: When the first of the leases that are left ends; nil: none does.
    /// - Throws: `cannotCreate`.
    public func prune(_ storage: LeaseStorage) throws(Fault) -> Instant? {
        let lines = try Files.readIfThere(path)?.lines ?? []
        var left: [ByteString] = []
        var firstEnd: Instant?
        for line in lines {
            guard let (host, name) = line.split(at: UInt8(ascii: " ")), let client = ClientIdentifier(name: name) else {
                continue
            }
            let (leases, token) = try storage.lookup(client)
            storage.release(token)
            let named = leases.filter { $0.hostName?.text == host }
            if named.isEmpty { continue }
            left.append(line)
            for lease in named { firstEnd = firstEnd.earlier(lease.expires) }
        }
        if left.count < lines.count { try write(left) }
        return firstEnd
    }

    /// The unexpired leases with that name, each with its MAC address if that is known.
    ///
    /// - Parameter known: A client, and what leases it is about to have.
    /// - Throws: `cannotCreate`.
    public func leases(
        of host: HostName, in storage: LeaseStorage, knowing known: ClientLeases? = nil
    ) throws(Fault) -> [Lease] {
        var found: [Lease] = []
        for client in try clients(of: host) {
            let leases = if let known, known.client == client { known.leases } else { try storage.leases(of: client) }
            found += leases.filter { $0.hostName == host }.map { $0.completed(for: client) }
        }
        return found
    }

    private func clients(of host: HostName) throws(Fault) -> [ClientIdentifier] {
        let lines = try Files.readIfThere(path)?.lines(startingWith: host.text + " ") ?? []
        return lines.compactMap { $0.split(at: UInt8(ascii: " ")).flatMap { ClientIdentifier(name: $0.after) } }
    }

    private func write(_ lines: [ByteString]) throws(Fault) {
        try Files.replace(path, with: lines.sorted().joined(separator: "\n"))
    }
}
