import Basics
import Leases

extension LeaseEvent {
    /// What the client's leases are after the event.
    ///
    /// - Parameters:
    ///   - leases: What they were.
    ///   - now: When the event happened.
    ///   - job: The job that is asked for when the lease expires; empty: none.
    public func applied(to leases: [Lease], at now: Instant, job: ByteString = "") -> [Lease] {
        var leases = leases
        let index = leases.firstIndex { $0.addresses.contains(address) }
        if action == .remove {
            if let index { leases.remove(at: index) }
            return leases
        }
        let known = index.map { leases[$0] }
        let old = known ?? Lease(addresses: [address])
        // The other half brings the new name: so that a rename is one change, and in whatever order the two arrive.
        let name = isHalfARename ? old.hostName : hostName
        // Or another operating system came up with the same address. Of a lease that nobody knew, the first half of a rename
        // may come second: only then is it known that the other half was new.
        let isRenamed = known != nil && name != old.hostName || isHalfARename && old.since == nil
        let isNew = isLive && (action == .add || isRenamed)
        let lease = Lease(
            addresses: old.addresses, hostName: name, hardware: hardware.isEmpty ? old.hardware : hardware,
            job: job, expires: expiry(at: now, known: known), since: isNew ? now : old.since,
            seen: isLive ? now : old.seen)
        if let index { leases[index] = lease } else { leases.append(lease) }
        return leases
    }

    private func expiry(at now: Instant, known: Lease?) -> Instant? {
        switch term {
        case .unknown: return known?.expires
        case .endless: return nil
        case .limited(let duration):
            let expires = now + duration
            // A replay says nothing new: it counts in whole seconds, and took a while to reach us.
            if !isLive, let old = known?.expires, expires > old - .seconds(5), expires < old + .seconds(5) {
                return old
            }
            return expires
        }
    }
}
