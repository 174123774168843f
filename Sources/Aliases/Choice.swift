import Basics
import Configuration
import Leases

/// Which target an alias leads to.
public final class Choice {
    /// The rule that decided.
    public enum Reason: ByteString, Sendable {
        /// No target has a lease.
        case nobody
        /// No other has one.
        case only
        /// The others are silent.
        case answers
        /// Its interface had another target's name before.
        case seen
        /// Of its system's targets it comes first in the list.
        case preferred
        /// All answer, so they are different machines, of which it comes first in the list.
        case machines
        /// Of all systems, this one has the newest lease.
        case newest
        /// Nobody knows since when the leases are there, and the alias leads there already.
        case current
        /// Nor that: its lease was seen last.
        case recent
        /// Nor that: its lease ends last.
        case latest
    }

    public let alias: HostName
    /// nil: no target is up, and there is no alias.
    public let target: HostName?
    /// The target's.
    public let leases: [Lease]
    /// The one that was seen last.
    public let lease: Lease?
    /// Those of the other targets.
    public let others: [Lease]
    public let reason: Reason

    fileprivate init(_ alias: HostName, _ chosen: Candidate?, _ all: [Candidate], _ reason: Reason) {
        self.alias = alias
        target = chosen?.target.host
        leases = chosen?.leases ?? []
        lease = chosen?.last
        others = all.filter { $0.target !== chosen?.target }.flatMap { $0.leases }
        self.reason = reason
    }
}

extension Alias {
    /// The target to lead to: a function of the settings, the leases, the answers and, where these don't tell, of where it
    /// leads now; and of nothing else.
    ///
    /// - Parameters:
    ///   - leases: The unexpired leases of a host.
    ///   - verdict: Whether a host answers, or not while another one does.
    ///   - isCurrent: Whether the alias leads to a host now.
    /// - Throws: What `leases` and `isCurrent` throw.
    public func choice(
        leases: (HostName) throws(Fault) -> [Lease], verdict: (HostName) -> Presence.Verdict,
        isCurrent: (HostName) throws(Fault) -> Bool
    ) throws(Fault) -> Choice {
        var up: [Candidate] = []
        for target in targets {
            let leases = try leases(target.host)
            if !leases.isEmpty { up.append(Candidate(target: target, leases: leases)) }
        }
        let all = up
        func choice(_ chosen: Candidate?, _ reason: Choice.Reason) -> Choice {
            Choice(name, chosen, all, reason)
        }
        if up.count < 2 { return choice(up.first, up.isEmpty ? .nobody : .only) }
        if isProbed {
            let heard = up.filter { verdict($0.target.host) != .silent }
            if heard.count == 1 { return choice(heard[0], .answers) }
            if !heard.isEmpty { up = heard }
        }
        // An interface has one host name at a time. Where a lease of an earlier one runs on, its system has gone.
        let there = up.map { one in
            let leases = one.leases.filter { lease in
                !up.contains { $0.target !== one.target && $0.leases.contains { $0.replaces(lease) } }
            }
            return Candidate(target: one.target, leases: leases)
        }.filter { !$0.leases.isEmpty }
        let system = there[0].target.system
        if !there.contains(where: { $0.target.system != system }) {
            return choice(there[0], there.count < up.count ? .seen : .preferred)
        }
        if isProbed, !there.contains(where: { verdict($0.target.host) != .answers }) {
            return choice(there[0], .machines)
        }
        let (best, reason) = try newest(there, isCurrent)
        return choice(there.first { $0.target.system == best.target.system }, reason)
    }

    /// Which of several systems' targets is there now, as far as the leases tell.
    private func newest(
        _ there: [Candidate], _ isCurrent: (HostName) throws(Fault) -> Bool
    ) throws(Fault) -> (Candidate, Choice.Reason) {
        var best = there[0]
        for candidate in there where best.since.isBefore(candidate.since) { best = candidate }
        if best.since != nil { return (best, .newest) }
        for candidate in there where try isCurrent(candidate.target.host) { return (candidate, .current) }
        for candidate in there where best.last.seen.isBefore(candidate.last.seen) { best = candidate }
        if best.last.seen != nil { return (best, .recent) }
        for candidate in there where best.ends(before: candidate) { best = candidate }
        return (best, .latest)
    }
}

private final class Candidate {
    let target: Alias.Target
    let leases: [Lease]

    init(target: Alias.Target, leases: [Lease]) {
        self.target = target
        self.leases = leases
    }

    /// The lease that was seen last.
    var last: Lease { leases.reduce(leases[0]) { $0.seen.isBefore($1.seen) ? $1 : $0 } }
    /// When the newest lease was new.
    var since: Instant? { leases.reduce(nil) { $0.isBefore($1.since) ? $1.since : $0 } }

    func ends(before other: Candidate) -> Bool {
        !leases.contains { one in other.leases.contains { !one.ends(before: $0) } }
    }
}

extension Lease {
    /// It was seen later on the same interface.
    fileprivate func replaces(_ other: Lease) -> Bool {
        !hardware.isEmpty && hardware == other.hardware && other.seen.isBefore(seen)
    }

    fileprivate func ends(before other: Lease) -> Bool {
        guard let expires else { return false }
        return other.expires.map { expires < $0 } ?? true
    }
}

extension Optional where Wrapped == Instant {
    /// What was before we knew of it was before all else.
    fileprivate func isBefore(_ other: Instant?) -> Bool {
        guard let other else { return false }
        return self.map { $0 < other } ?? true
    }
}
