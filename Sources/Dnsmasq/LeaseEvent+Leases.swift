import Basics
import Leases

extension LeaseEvent {
    /// Returns the client's leases after the event. `job` is requested when the lease expires, unless it is empty.
    public func applied(to leases: [Lease], at now: Instant, job: ByteString = "") -> [Lease] {
        if action == .remove { return leases.filter { !$0.addresses.contains(address) } }
        var leases = leases
        let index = leases.firstIndex { $0.addresses.contains(address) }
        let known = index.map { leases[$0] }
        let old = known ?? Lease(addresses: [address])
        // Another system may have started with this address.
        let isNew = isLive && (known.map { $0.hostName != hostName } ?? (action == .add))
        let lease = Lease(
            addresses: old.addresses, hostName: hostName, hardware: hardware.isEmpty ? old.hardware : hardware,
            job: job, expires: expiry(at: now, known: known), since: isNew ? now : old.since,
            seen: isLive ? now : old.seen, turns: turns(at: now, since: old))
        if let index { leases[index] = lease } else { leases.append(lease) }
        return leases
    }

    /// A lease may move between two interfaces of one machine, or two machines may use it in turn.
    private func turns(at now: Instant, since old: Lease) -> ByteString {
        guard client.kind == .option61, !hardware.isEmpty, !old.hardware.isEmpty, hardware != old.hardware
        else { return old.turns }
        var returns = 0
        let last = old.turns.words
        if last.count == 3, last[0] == hardware, let moment = last[1].seconds, case .limited(let length) = term,
            now.sinceStart < moment + length
        {
            returns = min((last[2].wholeNumber ?? 0) + 1, 100)
        }
        return "\(old.hardware) \(ByteString(seconds: now.sinceStart)) \(returns)"
    }

    private func expiry(at now: Instant, known: Lease?) -> Instant? {
        guard case .limited(let duration) = term else { return term == .unknown ? known?.expires : nil }
        let expires = now + duration
        // A replayed time is late and in whole seconds, so the known end is better.
        guard !isLive, let old = known?.expires, expires > old - .seconds(5), expires < old + .seconds(5)
        else { return expires }
        return old
    }
}
