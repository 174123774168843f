import Basics
import Configuration
import Leases
import Network

/// The leases and hosts-file addresses of a host.
public final class KnownHost: Sendable {
    public static let absent = KnownHost(leases: [], hosts: [])

    public let leases: [Lease]
    public let hosts: [Address]

    public init(leases: [Lease], hosts: [Address]) { (self.leases, self.hosts) = (leases, hosts) }

    public var isUp: Bool { !leases.isEmpty || !hosts.isEmpty }

    /// Each address once, without prefixes, the addresses of leases first.
    public var addresses: [Address] { (leases.flatMap { $0.addresses.filter { !$0.isPrefix } } + hosts).uniqued }

    /// When a client with one of the leases last proved to be there; nil if no event told.
    public var seen: Instant? { leases.reduce(nil) { $0.isBefore($1.seen) ? $1.seen : $0 } }
}

/// The target to which an alias leads, and why.
public final class Choice {
    public enum Reason: ByteString, Sendable {
        case none
        /// Only this target is up, or only this one has a lease.
        case only
        /// No target has a lease, and a hosts file has the name of this one.
        case hosts
        /// All targets except this one are unreachable.
        case reachable
        /// The interface had another target's name before.
        case sameInterface = "same_interface"
        /// It is the first target of its system in the list.
        case preferred
        /// All targets are reachable, so they are different machines. It is the first in the list.
        case firstMachine = "first_machine"
        /// Its system has the newest lease of all systems.
        case newest
        /// The age of the leases is not known, and the alias leads to this target.
        case current
        /// Its lease was seen last.
        case recent
        /// Its lease ends last.
        case latest
    }

    public let alias: HostName
    public let target: HostName?
    public let known: KnownHost
    /// The target's lease that was seen last.
    public let lease: Lease?
    public let others: [Address]
    public let reason: Reason

    fileprivate init(of alias: HostName, _ chosen: RunningTarget?, among all: [RunningTarget], reason: Reason) {
        (self.alias, self.reason) = (alias, reason)
        (target, known, lease) = (chosen?.target.host, chosen?.known ?? .absent, chosen?.last)
        others = all.filter { $0.target !== chosen?.target }.flatMap { $0.known.addresses }
    }
}

extension Alias {
    /// Returns the target that the alias must lead to. It follows from the settings, the leases, the hosts files and
    /// the reachability. Where these leave the choice open, the alias stays.
    /// - Parameters:
    ///   - known: Returns the leases and addresses of a host.
    ///   - verdict: Returns whether a host is reachable.
    ///   - isCurrent: Returns whether the alias leads to a host now.
    public func choice(
        knowing known: (HostName) -> KnownHost, verdict: (HostName) -> Presence.Verdict, isCurrent: (HostName) -> Bool
    ) -> Choice {
        let all = targets.map { RunningTarget(target: $0, known: known($0.host)) }.filter { $0.known.isUp }
        var up = all
        func choice(_ chosen: RunningTarget?, reason: Choice.Reason) -> Choice {
            Choice(of: name, chosen, among: all, reason: reason)
        }
        if isProbed, up.count > 1 {
            let rest = up.filter { verdict($0.target.host) != .unreachable }
            if rest.count == 1 { return choice(rest[0], reason: .reachable) }
            if !rest.isEmpty { up = rest }
        }
        let leased = up.filter { !$0.leases.isEmpty }
        if !leased.isEmpty { up = leased }
        if up.count < 2 { return choice(up.first, reason: up.isEmpty ? .none : leased.isEmpty ? .hosts : .only) }
        // An interface has one host name at a time: a lease with an earlier name belongs to a system that is down.
        let there = up.map { one in
            let leases = one.leases.filter { lease in
                !up.contains { $0.target !== one.target && $0.leases.contains { $0.replaces(lease) } }
            }
            return RunningTarget(target: one.target, known: KnownHost(leases: leases, hosts: one.known.hosts))
        }.filter { leased.isEmpty || !$0.leases.isEmpty }
        let system = there[0].target.system
        if !there.contains(where: { $0.target.system != system }) {
            return choice(there[0], reason: there.count < up.count ? .sameInterface : .preferred)
        }
        if isProbed, !there.contains(where: { verdict($0.target.host) != .reachable }) {
            return choice(there[0], reason: .firstMachine)
        }
        let (best, reason) = newest(of: there, isCurrent: isCurrent)
        return choice(there.first { $0.target.system == best.target.system }, reason: reason)
    }

    /// Returns the target of the system that runs now, as far as the leases tell.
    private func newest(of there: [RunningTarget], isCurrent: (HostName) -> Bool) -> (RunningTarget, Choice.Reason) {
        var best = there[0]
        for candidate in there where best.since.isBefore(candidate.since) { best = candidate }
        if best.since != nil { return (best, .newest) }
        for candidate in there where isCurrent(candidate.target.host) { return (candidate, .current) }
        for candidate in there where best.known.seen.isBefore(candidate.known.seen) { best = candidate }
        if best.known.seen != nil { return (best, .recent) }
        if best.leases.isEmpty { return (best, .hosts) }
        for candidate in there where best.ends(before: candidate) { best = candidate }
        return (best, .latest)
    }
}

private final class RunningTarget {
    let target: Alias.Target
    let known: KnownHost
    var leases: [Lease] { known.leases }

    init(target: Alias.Target, known: KnownHost) { (self.target, self.known) = (target, known) }

    var last: Lease? { leases.reduce(leases.first) { ($0?.seen).isBefore($1.seen) ? $1 : $0 } }
    var since: Instant? { leases.reduce(nil) { $0.isBefore($1.since) ? $1.since : $0 } }

    func ends(before other: RunningTarget) -> Bool {
        !leases.contains { one in other.leases.contains { !one.ends(before: $0) } }
    }
}

extension Lease {
    /// Whether this lease was seen later on the same interface.
    fileprivate func replaces(_ other: Lease) -> Bool {
        !hardware.isEmpty && hardware == other.hardware && other.seen.isBefore(seen)
    }

    fileprivate func ends(before other: Lease) -> Bool {
        guard let expires else { return false }
        return other.expires.map { expires < $0 } ?? true
    }
}

extension Optional where Wrapped == Instant {
    /// nil, a moment before the records, is before every other moment.
    fileprivate func isBefore(_ other: Instant?) -> Bool {
        guard let other else { return false }
        return self.map { $0 < other } ?? true
    }
}
