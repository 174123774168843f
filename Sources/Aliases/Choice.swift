import Basics
import Configuration
import Leases

/// Which target an alias leads to.
public final class Choice {
    public enum Reason: ByteString, Sendable {
        /// No target is up.
        case nobody
        /// No other is.
        case only
        /// Of its system's targets that are up, it comes first in the list.
        case preferred
        /// Its interface had another target's name before.
        case seen
        /// Of all systems with a target that is up, this one has the newest lease.
        case newest
    }

    public let alias: HostName
    /// nil: no target is up, and there is no alias.
    public let target: HostName?
    /// The target's lease.
    public let lease: Lease?
    public let reason: Reason

    init(alias: HostName, target: HostName?, lease: Lease?, reason: Reason) {
        self.alias = alias
        self.target = target
        self.lease = lease
        self.reason = reason
    }
}

extension Alias {
    /// The target to lead to: a function of the settings, the leases and the answers, and of nothing else.
    ///
    /// A target is up while it has a lease, and answers if that is asked for. Within one system the order of the list
    /// decides; between systems, of which a machine can run only one, the lease that was new last.
    ///
    /// - Parameters:
    ///   - leases: The unexpired leases of a host.
    ///   - answers: Whether a host answers on the network.
    /// - Throws: What `leases` throws.
    public func choice(
        leases: (HostName) throws(Fault) -> [Lease], answers: (HostName) -> Bool
    ) throws(Fault) -> Choice {
        var up: [Candidate] = []
        for target in targets where !isProbed || answers(target.host) {
            let leases = try leases(target.host)
            if !leases.isEmpty { up.append(Candidate(target: target, leases: leases)) }
        }
        // An interface has one host name at a time. Where a lease of an earlier one runs on, its system has gone.
        let there = up.map { one in
            let leases = one.leases.filter { lease in
                !up.contains { $0.target !== one.target && $0.leases.contains { $0.replaces(lease) } }
            }
            return Candidate(target: one.target, leases: leases)
        }.filter { !$0.leases.isEmpty }
        guard var best = there.first else { return Choice(alias: name, target: nil, lease: nil, reason: .nobody) }
        for candidate in there where best.since.isBefore(candidate.since) { best = candidate }
        let system = best.target.system
        let reason: Choice.Reason =
            if up.count == 1 {
                .only
            } else if there.contains(where: { $0.target.system != system }) {
                .newest
            } else {
                there.count < up.count ? .seen : .preferred
            }
        best = there.first { $0.target.system == system } ?? best
        return Choice(alias: name, target: best.target.host, lease: best.last, reason: reason)
    }
}

private final class Candidate {
    let target: Alias.Target
    /// None: it is down.
    let leases: [Lease]

    init(target: Alias.Target, leases: [Lease]) {
        self.target = target
        self.leases = leases
    }

    /// The lease that was seen last.
    var last: Lease? { leases.max { $0.seen.isBefore($1.seen) } }
    /// When the newest lease was new.
    var since: Instant? { leases.reduce(nil) { $0.isBefore($1.since) ? $1.since : $0 } }
}

extension Lease {
    /// It was seen later on the same interface.
    fileprivate func replaces(_ other: Lease) -> Bool {
        !hardware.isEmpty && hardware == other.hardware && other.seen.isBefore(seen)
    }
}

extension Optional where Wrapped == Instant {
    /// What was before we knew of it was before all else.
    fileprivate func isBefore(_ other: Instant?) -> Bool {
        guard let other else { return false }
        return self.map { $0 < other } ?? true
    }
}
