import Basics

/// A lease storage in memory, for tests.
public final class MemoryLeases: LeaseStorage {
    public struct Token: Sendable {
        fileprivate let client: ClientIdentifier
        /// Of the client's leases: counts their changes.
        fileprivate let version: Int
        fileprivate let number: Int
    }

    private var entries: [(client: ClientIdentifier, leases: [Lease], version: Int)] = []
    /// Tokens that are neither spent nor given back.
    private var tokens: [Int] = []
    private var tokenCount = 0
    private let now: () -> Instant
    private let renewals: Renewals
    private let owner: Owner

    public init(
        now: @escaping () -> Instant, renewals: @escaping Renewals = { _, _ in .unknown },
        owner: @escaping Owner = { _, _ in }
    ) {
        self.now = now
        self.renewals = renewals
        self.owner = owner
    }

    public func lookup(_ client: ClientIdentifier) throws(LeaseFault) -> (leases: [Lease], token: Token) {
        let index = index(of: client)
        let (running, expired) = entries[index].leases.divided(for: client, at: now(), renewals)
        for lease in expired { owner(client, lease) }
        entries[index].leases = running
        tokenCount += 1
        tokens.append(tokenCount)
        return (
            entries[index].leases, Token(client: client, version: entries[index].version, number: tokenCount)
        )
    }

    public func update(
        _ client: ClientIdentifier, to leases: [Lease], _ token: Token, announcing announce: () throws(Fault) -> Void
    ) throws(LeaseFault) {
        guard token.client == client, tokens.contains(token.number) else {
            throw .invalid("\(client.name): not a token for this client's leases")
        }
        for lease in leases { try lease.check() }
        let index = index(of: client)
        if entries[index].version == token.version {
            do throws(Fault) { try announce() } catch { throw LeaseFault(.unavailable, error) }
        }
        release(token)
        guard entries[index].version == token.version else { throw .conflict(client) }
        entries[index].leases = leases
        entries[index].version += 1
    }

    public func release(_ token: Token) {
        tokens.removeAll { $0 == token.number }
    }

    public func readOnly(_ client: ClientIdentifier) throws(LeaseFault) -> [Lease] {
        entries[index(of: client)].leases.divided(for: client, at: now(), renewals).running
    }

    public func clients() throws(LeaseFault) -> [ClientIdentifier] {
        entries.filter { !$0.leases.isEmpty }.map { $0.client }
            .sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    private func index(of client: ClientIdentifier) -> Int {
        if let index = entries.firstIndex(where: { $0.client == client }) { return index }
        entries.append((client, [], 0))
        return entries.count - 1
    }
}
