import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux
import Network

extension Context {
    /// Handles the lease event in the environment.
    /// - Throws: `usage` or `data` if it is no event; `cannotCreate`; `settings`; `busy` if the leases stay locked.
    public static func handleEvent(_ places: Places) throws(Fault) {
        let event = try LeaseEvent(
            router: Process.hostName, procd: Process.environmentOfInit("HOSTNAME"),
            environment: { Process.environment($0) })
        try Context(places, takesOver: true).handle(event)
    }

    /// Records the event, and reconciles if the event may change an alias.
    /// - Throws: `cannotCreate`; `settings`; `busy`.
    func handle(_ event: LeaseEvent) throws(Fault) {
        var event = event
        let isMarked = try isMarked()
        if event.isNameHidden { event.hostName = leaseFiles.all.reduce(nil) { $0 ?? $1.hostName(of: event) } }
        var (old, new): ([Lease], [Lease])
        while true {
            let (leases, token) = try storage.lookup(event.client)
            (old, new) = (leases, event.applied(to: leases, at: now, job: settings.leaseJob))
            if try replace(old, with: new, token: token, of: event) { break }
        }
        // A replay has no news for dnsmasq, and `watch` has seen dnsmasq's start.
        let isNews = event.isLive || !old.hasSameMapping(as: new)
        let hosts = [event.hostName?.text ?? ""] + (old + new).map { $0.hostName?.text ?? "" }
        let concerns = hosts.uniqued.contains { !$0.isEmpty && settings.isTarget($0) }
        if isMarked || isNews && concerns {
            let occasion = Occasion(event.text([event.action.rawValue, event.client.name]))
            occasion.isThorough = false
            try reconcile(occasion)
            notifier.notifyWatch()
        }
    }

    /// Replaces the client's leases, and requests the job with `request 'lease'`.
    /// - Returns: false if another process has changed the leases since the look-up.
    private func replace(
        _ old: [Lease], with new: [Lease], token: LeaseStorage.Token, of event: LeaseEvent
    ) throws(Fault) -> Bool {
        if new == old { return true }
        // A replayed lease is not new to dnsmasq, so it is no reason to request a restart.
        let isReplayed = !event.isLive && new.count > old.count
        let isNews = !settings.leaseJob.isEmpty && !isReplayed && !old.hasSameMapping(as: new)
        // The request comes before the change: after a kill or a fault, the next event makes it again.
        return try storage.update(event.client, to: new, token: token) { () throws(Fault) in
            guard isNews else { return }
            try ledger.add(.lease, to: job, event: event.text([event.client.name + ":", event.action.rawValue]))
            try notifier.notify(job)
        }
    }
}

extension [Lease] {
    fileprivate func hasSameMapping(as other: [Lease]) -> Bool { elementsEqual(other) { $0.hasSameMapping(as: $1) } }
}

extension LeaseEvent {
    fileprivate func text(_ start: [ByteString]) -> ByteString {
        (start + [address.text, hostName?.text ?? ""]).filter { !$0.isEmpty }.joined(separator: " ")
    }
}
