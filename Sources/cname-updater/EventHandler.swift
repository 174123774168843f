import Aliases
import Basics
import Configuration
import Debounce
import Leases
import Ledger
import Linux

/// What a lease event leads to.
struct EventHandler {
    private let places: Places
    private let settings: UpdaterSettings
    private let doorbell: Doorbell
    private let storage: DirectoryLeases
    private let now: Instant

    /// - Parameter now: When the event happened.
    init(_ places: Places, _ settings: UpdaterSettings, now: Instant = Process.now) {
        let doorbell = Doorbell(places: places)
        self.places = places
        self.settings = settings
        self.doorbell = doorbell
        self.now = now
        storage = DirectoryLeases(places, at: now, owner: { EventHandler.tellOwner(of: $1, $0, doorbell) })
    }

    /// Records the event, brings the aliases up to date if it may change them, and asks for the job if that is called
    /// for.
    ///
    /// - Throws: `cannotCreate`; `settings` if the aliases can't be written where they are to be.
    func handle(_ event: LeaseEvent) throws(Fault) {
        if try !concernsAliases(event), try record(event, holdsLock: false) != nil { return }
        var keeper = try AliasKeeper(places, settings)
        try keeper.expect(event.client, at: event.hostName, storage)
        // Nobody else changes a target's leases meanwhile.
        let known = try record(event, holdsLock: true).map { (event.client, $0) }
        if event.isAnswer { try Silence(run: places.updater).end(event.hostName) }
        if !event.isLive { try keeper.noteReplay() }
        try keeper.update(storage, knowing: known, because: event.summary)
    }

    /// Whether the aliases have to be looked at, as far as can be told without the client's leases.
    private func concernsAliases(_ event: LeaseEvent) throws(Fault) -> Bool {
        if settings.aliases.isTarget(event.hostName) { return true }
        if try AliasKeeper.isNeeded(places, settings) { return true }
        if event.isLive { return false }
        return try Applied.isHeld(run: places.updater)
    }

    func updateAliases(because event: ByteString) throws(Fault) {
        var keeper = try AliasKeeper(places, settings)
        try keeper.update(storage, because: event)
    }

    /// - Parameter holdsLock: That of the aliases.
    /// - Returns: The client's leases; nil if a target has to do with it, but the lock is not held: then nothing is
    ///   recorded.
    private func record(_ event: LeaseEvent, holdsLock: Bool) throws(Fault) -> [Lease]? {
        let job = settings.settings.updaterJob
        let asks = settings.aliases.asksForLeases
        while true {
            do throws(LeaseFault) {
                let (old, token) = try storage.lookup(event.client)
                let new = event.applied(to: old, at: now, owner: asks ? job : "")
                let isOfTarget = (old + new).contains { settings.aliases.isTarget($0.hostName) }
                if new == old || isOfTarget && !holdsLock {
                    storage.release(token)
                    return new == old ? new : nil
                }
                let isNews = asks && !old.elementsEqual(new, by: { $0.says(theSameAs: $1) })
                // Before the change is put in place: if we are killed or can't ask, the next event brings it again.
                try storage.update(event.client, to: new, token) { () throws(Fault) in
                    guard isNews else { return }
                    try doorbell.ask(.lease, for: job, because: event.summary)
                    try doorbell.ring(job)
                }
                return new
            } catch {
                if error.code != .conflict { throw error.fault }
            }
        }
    }

    private static func tellOwner(of lease: Lease, _ client: ClientIdentifier, _ doorbell: Doorbell) {
        guard Job.isName(lease.owner) else { return }
        do throws(Fault) {
            let words = ["expired", client.name, lease.addresses[0], lease.hostName]
            try doorbell.ask(.lease, for: lease.owner, because: words.filter { !$0.isEmpty }.joined(separator: " "))
            try doorbell.ring(lease.owner)
        } catch {
            Log.system("cname-updater", error.message)
        }
    }
}

extension LeaseEvent {
    /// The host of that name has just been heard. Who gives a lease back, or lets it expire, may have gone.
    fileprivate var isAnswer: Bool { isLive && action != .remove && !hostName.isEmpty }

    /// For the ledger: `add aa:bb:cc:dd:ee:ff 192.168.1.20 maxwell-arch`.
    fileprivate var summary: ByteString {
        let words = ["\(literal: action.word)", client.name, address, hostName]
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }
}
