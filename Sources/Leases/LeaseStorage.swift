import Basics
import Linux

/// The recorded leases, read and written by many processes at once. Each client has one file, `FOLDER/leases/CLIENT`,
/// with all its leases: for IPv4 and IPv6, or for several operating systems.
///
/// A file is replaced in one step, so a reader sees a whole change or no change. Writers do not wait for each other: a
/// look-up gives a token, and a change with an outdated token is refused. After a KILL the next writer clears up. The
/// cost of a call for one client does not depend on the number of clients.
public final class LeaseStorage {
    public final class ClientLease: Sendable {
        public let client: ClientIdentifier
        public let lease: Lease

        public init(of client: ClientIdentifier, _ lease: Lease) { (self.client, self.lease) = (client, lease) }

        /// The same lease with its MAC address, if the client is identified by it.
        public var completed: ClientLease {
            guard lease.hardware.isEmpty, client.kind == .hardware else { return self }
            return ClientLease(of: client, lease.with(hardware: client.text, expires: lease.expires))
        }
    }

    /// A client's leases at a look-up. A token is good for one change.
    public final class Token {
        fileprivate let client: ClientIdentifier
        /// Kept open, so that no newer file gets the same inode number; nil if the client had no leases.
        fileprivate let file: FileDescriptor?
        fileprivate let leases: [Lease]
        fileprivate var isSpent = false

        fileprivate init(of client: ClientIdentifier, file: consuming FileDescriptor?) throws(Fault) {
            self.client = client
            leases = try [Lease](text: file?.text() ?? "")
            self.file = file
        }
    }

    /// Returns how long a lease goes on after its recorded end; `unknown` if it has expired.
    public var renewal: (ClientIdentifier, Lease) -> Lease.Term = { _, _ in .unknown }
    /// Called before an expired lease is removed.
    public var expired: (ClientIdentifier, Lease) -> Void = { _, _ in }
    private let folder: ByteString
    private let now: () -> Instant

    /// - Parameters:
    ///   - folder: The run directory, made when it is needed.
    ///   - now: The present moment, on the clock of `expires`.
    public init(folder: ByteString, now: @escaping () -> Instant) { (self.folder, self.now) = (folder, now) }

    /// Returns a client's leases, and the token for replacing them. Expired leases are removed first.
    /// - Throws: `cannotCreate`.
    public func lookup(_ client: ClientIdentifier) throws(Fault) -> (leases: [Lease], token: Token) {
        while true {
            let token = try read(client)
            let (running, ended) = divided(token.leases, of: client)
            if running == token.leases { return (running, token) }
            // Called before the removal: after a KILL in between it is called again, and not lost.
            for lease in ended { expired(client, lease) }
            _ = try update(client, to: running, token: token)
        }
    }

    /// Returns a client's leases that have not expired. Changes nothing.
    /// - Throws: `cannotCreate`.
    public func leases(of client: ClientIdentifier) throws(Fault) -> [Lease] {
        try divided(recorded(client), of: client).running
    }

    /// Returns a client's leases as recorded, expired leases included. Changes nothing.
    /// - Throws: `cannotCreate`.
    public func recorded(_ client: ClientIdentifier) throws(Fault) -> [Lease] { try read(client).leases }

    /// Returns all clients with leases, in the order of their names.
    /// - Throws: `cannotCreate`.
    public func clients() throws(Fault) -> [ClientIdentifier] {
        try Files.names(in: allLeases).compactMap { ClientIdentifier(name: $0) }
    }

    /// Returns all leases that have not expired, by client, with MAC addresses where known. Changes nothing.
    /// - Throws: `cannotCreate`.
    public func all() throws(Fault) -> [ClientLease] {
        var all: [ClientLease] = []
        for client in try clients() { all += try leases(of: client).map { ClientLease(of: client, $0).completed } }
        return all
    }

    /// Replaces a client's leases.
    /// - Parameters:
    ///   - leases: Empty to remove the client.
    ///   - announce: Called just before the change becomes visible. If it throws, nothing is changed.
    /// - Returns: false if another process was faster. Then nothing is changed, and the caller must look up again.
    /// - Throws: `data` for a caller's mistake: an impossible lease, a spent token, or a token of another client. After
    ///   `cannotCreate`, and after a fault of `announce`, the token is still good.
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
            // First, since the file system may be full: a change that is announced must be recorded.
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

    /// Divides leases into running and expired leases. A renewed lease gets its new end.
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
