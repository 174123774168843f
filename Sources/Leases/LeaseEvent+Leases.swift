import Basics

extension LeaseEvent {
    /// What the client's leases are after the event.
    ///
    /// - Parameters:
    ///   - leases: What they were.
    ///   - now: When the event happened.
    ///   - owner: Who is to be told when the lease expires.
    public func applied(to leases: [Lease], at now: Instant, owner: ByteString = "") -> [Lease] {
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
        // Or another system came up with the same address.
        let isNew = isLive && (action == .add || known != nil && name != old.hostName)
        let lease = Lease(
            addresses: old.addresses, hostName: name, hardware: hardware.isEmpty ? old.hardware : hardware,
            owner: owner,
            expires: expiry(at: now, known: known), since: isNew ? now : old.since, seen: isLive ? now : old.seen)
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
