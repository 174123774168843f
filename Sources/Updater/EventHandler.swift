import Aliases
import Basics
import Configuration
import Debounce
import Dnsmasq
import Leases
import Ledger
import Linux
import Network

/// What a lease event leads to.
extension Context {
    /// Records the event, brings the aliases up to date if it may change them, and asks for the job if that is called
    /// for.
    ///
    /// - Throws: `cannotCreate`; `settings` if the aliases can't be written where they are to be.
    public func handle(_ event: LeaseEvent) throws(Fault) {
        var event = event
        if event.isNameHidden { event.hostName = leaseFiles.hostName(of: event) }
        let needsLock = try concernsAliases(event)
        // By the time that we hear of it, a new lease stands in dnsmasq's file.
        if event.action == .add { try storage.begin(without: event.client) }
        if !needsLock, try record(event) { return }
        var keeper = try AliasKeeper(self)
        if !event.isLive { try keeper.noteReplay() }
        if event.action != .remove, let host = event.hostName {
            // The host has just been heard. One that gives its lease back, or lets it expire, may have gone.
            if event.isLive, presence.forget(host) { try put(presence) }
            if settings.isTarget(host) { try index.add(event.client, to: host) }
        }
        while true {
            let (old, token) = try storage.lookup(event.client)
            let new = event.applied(to: old, at: now, job: settings.leaseJob)
            var isServed = try !keeper.isBehind(isReplay: !event.isLive)
            if isServed { isServed = try keeper.serves(aliases(of: old + new), knowing: (event.client, new)) }
            if isServed {
                for lease in new where settings.isTarget(lease.hostName) { try keeper.note(end: lease.expires) }
            } else {
                try keeper.begin()
            }
            guard try put(new, in: old, token, event) else { continue }
            if !isServed, try !keeper.publish(aliases(of: old + new)) {
                // For the ledger: `add aa:bb:cc:dd:ee:ff 192.168.1.20 maxwell-arch`.
                try keeper.update(because: event.text([event.action.rawValue, event.client.name]))
            }
            ringWatch()
            return
        }
    }

    /// Handles lease events that wait, and brings the aliases up to date if the settings or the time call for it.
    ///
    /// - Throws: `cannotCreate`, `settings`.
    func catchUp(because event: ByteString) throws(Fault) {
        try Backlog(places).catchUp()
        if let record = try AliasKeeper.record(self), try !isBehind(record, isReplay: false) { return }
        try updateAliases(because: event)
    }

    @discardableResult
    func updateAliases(because event: ByteString, isRetried: Bool = false) throws(Fault) -> Bool {
        var keeper = try AliasKeeper(self)
        return try keeper.update(because: event, isRetried: isRetried)
    }

    func isBehind(_ record: Record, isReplay: Bool) throws(Fault) -> Bool {
        if record.isBehind(settings.digest, at: now) { return true }
        return isReplay ? try record.rendered != renderedDigest() : false
    }

    /// Whether the aliases have to be looked at, as far as can be told without the client's leases.
    private func concernsAliases(_ event: LeaseEvent) throws(Fault) -> Bool {
        guard let record = try AliasKeeper.record(self), try !isBehind(record, isReplay: !event.isLive) else {
            return true
        }
        // A replay puts in doubt what dnsmasq has.
        if !event.isLive, record.served != .onDisk { return true }
        return settings.isTarget(event.hostName)
    }

    /// The aliases that have one of the leases' hosts as a target.
    private func aliases(of leases: [Lease]) throws(Fault) -> [Alias] {
        var aliases: [Alias] = []
        for lease in leases {
            guard let host = lease.hostName else { continue }
            for alias in settings.aliases(of: host) where !aliases.contains(where: { $0.name == alias.name }) {
                aliases.append(alias)
            }
        }
        return aliases
    }

    /// Records an event whose host is no target.
    ///
    /// - Returns: false, with nothing done, if another of the client's leases is a target's: the aliases' lock is needed first.
    private func record(_ event: LeaseEvent) throws(Fault) -> Bool {
        while true {
            let (old, token) = try storage.lookup(event.client)
            let new = event.applied(to: old, at: now, job: settings.leaseJob)
            for lease in new == old ? [] : old + new where lease.hostName != event.hostName {
                guard settings.isTarget(lease.hostName) else { continue }
                storage.release(token)
                return false
            }
            if try put(new, in: old, token, event) { return true }
        }
    }

    /// Replaces the client's leases, and asks for the job if that is called for.
    ///
    /// - Returns: false if somebody else has changed them since they were looked up.
    private func put(
        _ new: [Lease], in old: [Lease], _ token: LeaseStorage.Token, _ event: LeaseEvent
    ) throws(Fault) -> Bool {
        if new == old {
            storage.release(token)
            return true
        }
        // A replay of a lease that nobody knew tells what dnsmasq has known all along.
        let isReplayed = !event.isLive && new.count > old.count
        let isNews =
            !settings.leaseJob.isEmpty && !isReplayed && !old.elementsEqual(new, by: { $0.says(theSameAs: $1) })
        // Asked before the change is in place: if we are killed or can't ask, the next event brings it again.
        return try storage.update(event.client, to: new, token) { () throws(Fault) in
            guard isNews else { return }
            try ledger.add(
                .lease, to: settings.updater.job, event: event.text([event.client.name + ":", event.action.rawValue]))
            try doorbell.ring(settings.updater.job)
        }
    }
}

extension LeaseEvent {
    fileprivate func text(_ start: [ByteString]) -> ByteString {
        (start + [address.text, hostName?.text ?? ""]).filter { !$0.isEmpty }.joined(separator: " ")
    }
}
