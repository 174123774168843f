import Basics
import Leases

/// A lease storage in memory, the reference for `LeaseStorage`.
final class MemoryLeases {
    struct Token {
        fileprivate let client: ClientIdentifier
        /// The number of changes of the client's leases.
        fileprivate let version: Int
        fileprivate let number: Int
    }

    private var entries: [(client: ClientIdentifier, leases: [Lease], version: Int)] = []
    /// The tokens that are still usable.
    private var tokens: [Int] = []
    private var tokenCount = 0
    private let now: () -> Instant
    private let renewal: (ClientIdentifier, Lease) -> Lease.Term
    private let expired: (ClientIdentifier, Lease) -> Void

    init(
        now: @escaping () -> Instant, renewal: @escaping (ClientIdentifier, Lease) -> Lease.Term,
        expired: @escaping (ClientIdentifier, Lease) -> Void
    ) {
        self.now = now
        self.renewal = renewal
        self.expired = expired
    }

    func lookup(_ client: ClientIdentifier) throws(Fault) -> (leases: [Lease], token: Token) {
        let index = index(of: client)
        let (running, ended) = divided(entries[index].leases, of: client)
        for lease in ended { expired(client, lease) }
        entries[index].leases = running
        tokenCount += 1
        tokens.append(tokenCount)
        return (running, Token(client: client, version: entries[index].version, number: tokenCount))
    }

    func update(
        _ client: ClientIdentifier, to leases: [Lease], token: Token, announcing announce: () throws(Fault) -> Void
    ) throws(Fault) -> Bool {
        guard token.client == client, tokens.contains(token.number) else {
            throw Fault(.data, "\(client.name): not a token for this client's leases")
        }
        for lease in leases { try lease.check() }
        let index = index(of: client)
        let isCurrent = entries[index].version == token.version
        if isCurrent {
            try announce()
            entries[index].leases = leases
            entries[index].version += 1
        }
        tokens.removeAll { $0 == token.number }
        return isCurrent
    }

    func leases(of client: ClientIdentifier) throws(Fault) -> [Lease] {
        divided(entries[index(of: client)].leases, of: client).running
    }

    func clients() throws(Fault) -> [ClientIdentifier] {
        entries.filter { !$0.leases.isEmpty }.map { $0.client }
            .sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    func all() throws(Fault) -> [LeaseStorage.ClientLease] {
        var all: [LeaseStorage.ClientLease] = []
        for client in try clients() {
            for lease in try leases(of: client) {
                all.append(LeaseStorage.ClientLease(of: client, lease).completed)
            }
        }
        return all
    }

    private func divided(_ leases: [Lease], of client: ClientIdentifier) -> (running: [Lease], expired: [Lease]) {
        var running: [Lease] = []
        var expired: [Lease] = []
        for lease in leases {
            if lease.isExpired(at: now()) {
                switch renewal(client, lease) {
                case .unknown: expired.append(lease)
                case .endless: running.append(ending(lease, at: nil))
                case .limited(let rest): running.append(ending(lease, at: now() + rest))
                }
            } else {
                running.append(lease)
            }
        }
        return (running, expired)
    }

    private func ending(_ lease: Lease, at end: Instant?) -> Lease {
        Lease(
            addresses: lease.addresses, hostName: lease.hostName, hardware: lease.hardware, job: lease.job,
            expires: end, since: lease.since, seen: lease.seen)
    }

    private func index(of client: ClientIdentifier) -> Int {
        if let index = entries.firstIndex(where: { $0.client == client }) { return index }
        entries.append((client, [], 0))
        return entries.count - 1
    }
}
