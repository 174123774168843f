import Basics
import Linux

/// The one door to lease data: a map from client identifiers to leases, safe for many users at once, who don't wait for
/// each other but notice when somebody was faster.
public protocol LeaseStorage {
    /// What a client's leases were at a look-up.
    associatedtype Token

    /// A client's leases, and the token with which they can be replaced. Those that have expired, and were not renewed,
    /// are removed first, and their owner is told.
    ///
    /// - Throws: `unavailable`.
    func lookup(_ client: ClientIdentifier) throws(LeaseFault) -> (leases: [Lease], token: Token)

    /// Replaces a client's leases. Others see all of the change or nothing. The token is spent.
    ///
    /// - Parameters:
    ///   - leases: None: the client is forgotten.
    ///   - announce: Called once nothing but a kill can keep the change from being seen, before it is: if it throws,
    ///     nothing is changed.
    /// - Throws: `unavailable`, also for what `announce` throws; `conflict`; `invalid`.
    func update(
        _ client: ClientIdentifier, to leases: [Lease], _ token: Token, announcing announce: () throws(Fault) -> Void
    ) throws(LeaseFault)

    /// Gives a token back that is not used.
    func release(_ token: Token)

    /// A client's leases that have not expired.
    ///
    /// - Throws: `unavailable`.
    func readOnly(_ client: ClientIdentifier) throws(LeaseFault) -> [Lease]

    /// All clients that have leases, in the order of their names.
    ///
    /// - Throws: `unavailable`.
    func clients() throws(LeaseFault) -> [ClientIdentifier]
}

extension LeaseStorage {
    /// Replaces a client's leases with nobody to be told.
    ///
    /// - Throws: `unavailable`, `conflict`, `invalid`.
    public func update(_ client: ClientIdentifier, to leases: [Lease], _ token: Token) throws(LeaseFault) {
        try update(client, to: leases, token, announcing: { () throws(Fault) in })
    }

    /// All leases that have not expired, in the order of their clients' names, each with its MAC address if that is
    /// known.
    ///
    /// - Throws: `unavailable`.
    public func all() throws(LeaseFault) -> [(client: ClientIdentifier, lease: Lease)] {
        var all: [(client: ClientIdentifier, lease: Lease)] = []
        for client in try clients() {
            for lease in try readOnly(client) { all.append((client, lease.completed(for: client))) }
        }
        return all
    }
}

/// Who is told that a lease has expired.
public typealias Owner = (ClientIdentifier, Lease) -> Void

/// How long a lease that should have ended runs on; `unknown`: it does not.
public typealias Renewals = (ClientIdentifier, Lease) -> LeaseEvent.Term

/// Why a storage did not do what it was asked for.
public struct LeaseFault: Error {
    public enum Code: Sendable {
        /// The storage can't be used now. The token stays good: try again.
        case unavailable
        /// Somebody was faster, and the token is spent: look up again.
        case conflict
        /// A caller's mistake: a lease that can't be, or a token of another client or already spent. Nothing was done,
        /// and the token is as good as it was.
        case invalid
    }

    public let code: Code
    /// For a person.
    public let fault: Fault

    /// Whether the token may be used again.
    public var keepsToken: Bool { code != .conflict }

    init(_ code: Code, _ fault: Fault) {
        self.code = code
        self.fault = fault
    }

    static func conflict(_ client: ClientIdentifier) -> LeaseFault {
        LeaseFault(.conflict, Fault(.unavailable, "\(client.name): somebody else changed its leases meanwhile"))
    }

    static func invalid(_ message: ByteString) -> LeaseFault {
        LeaseFault(.invalid, Fault(.data, message))
    }
}

extension [Lease] {
    /// Those that run on, with their new end if they were renewed without our hearing of it, and those that have ended.
    func divided(
        for client: ClientIdentifier, at now: Instant, _ renewals: Renewals
    ) -> (running: [Lease], expired: [Lease]) {
        var running: [Lease] = []
        var expired: [Lease] = []
        for lease in self {
            guard lease.isExpired(at: now) else {
                running.append(lease)
                continue
            }
            switch renewals(client, lease) {
            case .unknown: expired.append(lease)
            case .endless: running.append(lease.ending(at: nil))
            case .limited(let rest): running.append(lease.ending(at: now + rest))
            }
        }
        return (running, expired)
    }
}

extension Lease {
    /// - Throws: `invalid` if it is no lease that a storage can hold.
    func check() throws(LeaseFault) {
        guard !addresses.isEmpty, addresses.allSatisfy({ $0.isPrefix }) else {
            throw .invalid("a lease has one or more addresses or prefixes")
        }
        for word in [hostName, hardware, owner] where !word.bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw .invalid("'\(word.printable())': can't stand in a lease")
        }
    }
}

extension ByteString {
    /// An address in its one spelling, or one with the length of a prefix: `fd00::/64`.
    fileprivate var isPrefix: Bool {
        let (address, length) = split(at: UInt8(ascii: "/")) ?? (self, "0")
        let longest = address.bytes.contains(UInt8(ascii: ":")) ? 128 : 32
        return Network.canonical(address: address) == address && (length.wholeNumber ?? 255) <= longest
    }
}
