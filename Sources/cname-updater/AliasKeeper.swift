import Aliases
import Basics
import Configuration
import Leases
import Ledger
import Linux

/// Keeps the fragments as the settings, the leases and the answers want them, and asks for the job if they are not what
/// dnsmasq was started with.
///
/// One keeper works at a time. The lock's file holds the digest of the settings that the fragments are made from; while
/// something is being changed its first byte is a `*`. So whoever finds that a keeper was killed halfway, or that the
/// settings have changed, does what is left to do.
struct AliasKeeper: ~Copyable {
    private let places: Places
    private let settings: UpdaterSettings
    private let lock: FileLock
    private let index: TargetIndex
    private let doorbell: Doorbell
    private let ledger: Ledger
    private let applied: Applied
    private var job: ByteString { settings.settings.updaterJob }
    /// What was done before us is not complete.
    private let isInterrupted: Bool
    private var isPrepared: Bool

    /// Whether somebody has to look at the aliases even if no target has to do with an event.
    ///
    /// Not while we hold the lock: to close its file would give it back.
    static func isNeeded(_ places: Places, _ settings: UpdaterSettings) throws(Fault) -> Bool {
        // Somebody else's, it may lead to anywhere.
        try Files.checkFolder(places.updater)
        guard let note = try Files.readIfThere(lockPath(places)) else { return !settings.aliases.aliases.isEmpty }
        return note.lines.first != settings.digest.text
    }

    private static func lockPath(_ places: Places) -> ByteString { places.updater + "/aliases" }

    /// Waits for its turn.
    ///
    /// - Throws: `cannotCreate`.
    init(_ places: Places, _ settings: UpdaterSettings) throws(Fault) {
        try Files.makeFolder(places.updater)
        let lock = try FileLock(waitingFor: AliasKeeper.lockPath(places))
        let note = try lock.note()
        // As long as the digest: from here on there is room for it.
        try lock.note(note.isEmpty ? "*               \n" : "*")
        let ledger = Ledger(run: places.daemon)
        let applied = try Applied(run: places.updater, ledger, settings.settings.updaterJob)
        self.lock = lock
        self.places = places
        self.settings = settings
        index = TargetIndex(run: places.updater)
        doorbell = Doorbell(places: places)
        self.ledger = ledger
        self.applied = applied
        isInterrupted = note.hasPrefix("*")
        isPrepared = note.lines.first == settings.digest.text
    }

    /// Says that the client is about to have a lease with that name.
    mutating func expect(
        _ client: ClientIdentifier, at host: ByteString, _ storage: DirectoryLeases
    ) throws(Fault) {
        guard settings.aliases.isTarget(host) else { return }
        try prepare(storage)
        try index.add(client, to: host)
    }

    private mutating func prepare(_ storage: DirectoryLeases) throws(Fault) {
        if isPrepared { return }
        try index.prepare(settings.aliases.targets, storage)
        isPrepared = true
    }

    /// A replay was seen: somebody may have started dnsmasq.
    func noteReplay() throws(Fault) {
        try applied.noteReplay()
    }

    /// What each alias is to lead to now.
    private mutating func choices(
        _ storage: DirectoryLeases, _ known: TargetIndex.ClientLeases?
    ) throws(Fault) -> [Choice] {
        try prepare(storage)
        var choices: [Choice] = []
        for alias in settings.aliases.aliases {
            let choice = try alias.choice(
                leases: { (host) throws(Fault) in try index.pruned(of: host, in: storage, knowing: known) },
                answers: { host in !Silence(run: places.updater).contains(host) })
            choices.append(choice)
        }
        return choices
    }

    /// Brings the fragments up to date.
    ///
    /// - Parameters:
    ///   - known: A client, and what leases it is known to have.
    ///   - event: What happened, for the ledger.
    mutating func update(
        _ storage: DirectoryLeases, knowing known: TargetIndex.ClientLeases? = nil, because event: ByteString
    ) throws(Fault) {
        let choices = try choices(storage, known)
        var old = Digest()
        var new = Digest()
        var changed: [Fragment] = []
        for instance in try Instance.all(settings.aliases) {
            let fragment = Fragment(choices, for: instance)
            let current = try fragment.current()
            old.add("\(fragment.path)\n\(current)")
            new.add("\(fragment.path)\n\(fragment.text)")
            if current != fragment.text { changed.append(fragment) }
        }
        if !changed.isEmpty || isInterrupted {
            try apply(changed, from: old.text, to: new.text, because: event)
        }
        try lock.note(settings.digest.text)
    }

    private func apply(
        _ changed: [Fragment], from old: ByteString, to new: ByteString, because event: ByteString
    ) throws(Fault) {
        let known = isInterrupted ? nil : try applied.digest(current: old)
        // Whatever can fail for want of space comes first: to ask for a restart that finds nothing new would be to ask for
        // it again with each replay.
        for fragment in changed { try fragment.prepare() }
        if new == known {
            // Undone before anybody heard of it.
            for fragment in changed { try fragment.put() }
            if try applied.isFirm() {
                let standing = try ledger.standing(of: .alias, in: job)
                if standing == .absent { return }
                if standing == .untouched, try ledger.withdraw(.alias, from: job) { return }
            }
            // Too late: nobody knows what the run that has begun has read.
            try applied.hold(nil)
            try doorbell.ask(.alias, for: job, because: event)
        } else {
            try applied.hold(known)
            try doorbell.ask(.alias, for: job, because: event)
            for fragment in changed { try fragment.put() }
            // A run may have begun before the fragments were there.
            if try ledger.standing(of: .alias, in: job) != .untouched {
                try doorbell.ask(.alias, for: job, because: event)
            }
        }
        try doorbell.ring(job)
    }
}
