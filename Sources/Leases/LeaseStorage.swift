import Basics
import Linux

/// Where all leases are read and written, by many processes at once. Each client has one file, `FOLDER/leases/CLIENT`,
/// with all its leases: it may have one for IPv4 and one for IPv6, or several of different operating systems.
///
/// A file is replaced in one step, so a reader sees all of a change or nothing. Writers do not wait for each other's
/// work: a look-up gives a token, and a change with that token is refused if somebody else was faster. Whatever a
/// killed writer leaves behind, the next one clears away. What a call for one client costs does not depend on how many
/// clients there are.
public final class LeaseStorage {
    /// A lease and its client.
    public final class ClientLease: Sendable {
        public let client: ClientIdentifier
        public let lease: Lease

        public init(of client: ClientIdentifier, _ lease: Lease) { (self.client, self.lease) = (client, lease) }

        /// The same, in which the lease has the MAC address also if that is the client's identifier.
        public var completed: ClientLease {
            guard lease.hardware.isEmpty, client.kind == .hardware else { return self }
            return ClientLease(of: client, lease.with(hardware: client.text, expires: lease.expires))
        }
    }

    /// What a client's leases were at a look-up. It is good for one change.
    public final class Token {
        fileprivate let client: ClientIdentifier
        /// Kept open, so that no newer file can get the same inode number; nil if the client had no leases.
        fileprivate let file: FileDescriptor?
        /// All of them, expired ones too.
        fileprivate let leases: [Lease]
        fileprivate var isSpent = false

        fileprivate init(of client: ClientIdentifier, file: consuming FileDescriptor?) throws(Fault) {
            self.client = client
            leases = try [Lease](text: file?.text() ?? "")
            self.file = file
        }
    }

    /// How much longer a lease runs although its recorded end has passed; `unknown` if it has really expired.
    public var renewal: (ClientIdentifier, Lease) -> Lease.Term = { _, _ in .unknown }
    /// Called with a lease that has expired, and is about to be removed.
    public var expired: (ClientIdentifier, Lease) -> Void = { _, _ in }
    private let folder: ByteString
    private let now: () -> Instant

    /// - Parameters:
    ///   - folder: The run directory. It is made when it is needed.
    ///   - now: The time, by the clock that `expires` goes by.
    public init(folder: ByteString, now: @escaping () -> Instant) { (self.folder, self.now) = (folder, now) }

    /// A client's leases, and the token with which they can be replaced. Those that have expired, and were not renewed,
    /// are removed first.
    ///
    /// - Throws: `cannotCreate`.
    public func lookup(_ client: ClientIdentifier) throws(Fault) -> (leases: [Lease], token: Token) {
        while true {
            let token = try read(client)
            let (running, ended) = divided(token.leases, of: client)
            if running == token.leases { return (running, token) }
            // Tell it before they are removed: if we are killed in between, it is told again and not lost.
            for lease in ended { expired(client, lease) }
            _ = try update(client, to: running, token: token)
        }
    }

    /// A client's leases that have not expired. Changes nothing.
    ///
    /// - Throws: `cannotCreate`.
    public func leases(of client: ClientIdentifier) throws(Fault) -> [Lease] {
        try divided(recorded(client), of: client).running
    }

    /// A client's leases as they were recorded, whether they have expired or not. Changes nothing.
    ///
    /// - Throws: `cannotCreate`.
    public func recorded(_ client: ClientIdentifier) throws(Fault) -> [Lease] { try read(client).leases }

    /// All clients that have leases, in the order of their names.
    ///
    /// - Throws: `cannotCreate`.
    public func clients() throws(Fault) -> [ClientIdentifier] {
        try Files.names(in: allLeases).compactMap { ClientIdentifier(name: $0) }
    }

    /// All leases that have not expired, in the order of their clients' names, each with its MAC address if that is
    /// known. Changes nothing.
    ///
    /// - Throws: `cannotCreate`.
    public func all() throws(Fault) -> [ClientLease] {
        var all: [ClientLease] = []
        for client in try clients() { all += try leases(of: client).map { ClientLease(of: client, $0).completed } }
        return all
    }

    /// Replaces a client's leases.
    ///
    /// - Parameters:
    ///   - leases: If there are none, the client is forgotten.
    ///   - announce: Called when the change is ready, just before it becomes visible; if it throws, nothing is changed.
    /// - Returns: false if somebody else was faster. Then nothing is changed, the token is spent, and the caller has to
    ///   look up again.
    /// - Throws: `data` for a mistake of the caller: an impossible lease, a spent token, or that of another client.
    ///   After `cannotCreate`, and after what `announce` throws, the token is still good.
    public func update(
        _ client: ClientIdentifier, to leases: [Lease], token: Token,
        announcing announce: () throws(Fault) -> Void = { () throws(Fault) in }
    ) throws(Fault) -> Bool {
        guard token.client == client, !token.isSpent
        else { throw Fault(.data, "\(client.name): not a token for this client's leases") }
        for lease in leases { try lease.check() }
        if try FileStatus(at: allLeases) == nil { for folder in [folder, allLeases] { try Files.makeFolder(folder) } }
        let lock = try FileLock(folder + "/lock")
        defer { _ = lock }
        let current = try FileStatus(at: path(client))
        let isCurrent = try token.file?.status().isSame(as: current) ?? (current == nil)
        if isCurrent {
            // First what fails if there is no space left. If a change were announced but not recorded, each replay would
            // announce it again.
            if !leases.isEmpty { try Files.write(leases.text, to: draft) }
            try announce()
            if leases.isEmpty { try Files.remove(path(client)) } else { try Files.rename(draft, to: path(client)) }
        }
        token.isSpent = true
        return isCurrent
    }

    // MARK: The files

    private var allLeases: ByteString { folder + "/leases" }
    private var draft: ByteString { allLeases + ".new" }
    private func path(_ client: ClientIdentifier) -> ByteString { "\(allLeases)/\(client.name)" }

    private func read(_ client: ClientIdentifier) throws(Fault) -> Token {
        try Token(of: client, file: FileDescriptor.ifThere(path(client)))
    }

    /// Divides leases into those that still run and those that have expired. Those that were renewed without our
    /// hearing of it get their new end.
    private func divided(_ leases: [Lease], of client: ClientIdentifier) -> (running: [Lease], expired: [Lease]) {
        let now = now()
        var (running, expired): ([Lease], [Lease]) = ([], [])
        for lease in leases {
            switch lease.isExpired(at: now) ? renewal(client, lease) : nil {
            case nil: running.append(lease)
            case .unknown: expired.append(lease)
            case .endless: running.append(lease.with(hardware: lease.hardware, expires: nil))
            case .limited(let rest): running.append(lease.with(hardware: lease.hardware, expires: now + rest))
            }
        }
        return (running, expired)
    }
}
