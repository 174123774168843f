import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux

/// Keeps the fragments as the settings, the leases and the answers want them, and asks for the job if they are not what
/// dnsmasq was started with. One keeper works at a time: it holds the lock whose file is the record. `Record` decides;
/// here it is done.
struct AliasKeeper: ~Copyable {
    private let context: Context
    private let lock: FileLock
    /// As it was found, but for what was noted since.
    private var record: Record
    private var isMarked = false
    private var job: ByteString { context.settings.updater.job }

    /// The record, read without the lock; nil if there is none that can be read.
    ///
    /// Not while we hold the lock: to close its file would give it back.
    static func record(_ context: Context) throws(Fault) -> Record? {
        // Another user could have written anything there.
        try Files.checkFolder(context.places.updater)
        return try Files.readIfThere(lockPath(context)).flatMap { Record(text: $0) }
    }

    private static func lockPath(_ context: Context) -> ByteString { context.places.updater + "/aliases" }

    /// Waits for its turn.
    ///
    /// - Throws: `cannotCreate`.
    init(_ context: Context) throws(Fault) {
        try Files.makeFolder(context.places.updater)
        let lock = try FileLock(waitingFor: AliasKeeper.lockPath(context))
        let text = try lock.text()
        let found = Record(text: text)
        if found == nil { try Upgrade.clearAway(context.places.updater) }
        record = found ?? (text.isEmpty ? Record() : .unreadable)
        self.lock = lock
        self.context = context
    }

    /// Whether all aliases have to be looked at, whatever the event.
    ///
    /// - Parameter isReplay: dnsmasq was started, perhaps with other files than before.
    func isBehind(isReplay: Bool) throws(Fault) -> Bool { try context.isBehind(record, isReplay: isReplay) }

    /// Says that something is about to change: after a kill the next one does it again. From here on there is room for
    /// the record.
    mutating func begin() throws(Fault) {
        if isMarked { return }
        isMarked = true
        try lock.write(record.text(marked: true))
    }

    /// A replay was seen: somebody may have started dnsmasq.
    mutating func noteReplay() throws(Fault) {
        if record.served == .onDisk { return }
        let lastRun = try context.ledger.lastRun(of: job)
        try record.noteReplay(lastRun: lastRun, standing: context.ledger.standing(of: .alias, in: job))
        try lock.write(record.text(marked: record.isUnderWay))
    }

    /// A target is about to have a lease that ends then, perhaps as the first of all.
    mutating func note(end: Instant?) throws(Fault) {
        let first = record.firstEnd.earlier(end)
        if first == record.firstEnd { return }
        record.firstEnd = first
        try lock.write(record.text(marked: record.isUnderWay))
    }

    /// Whether the fragments have what they are to have of these aliases.
    ///
    /// - Parameter known: A client, and what leases it is about to have.
    func serves(_ aliases: [Alias], knowing known: TargetIndex.ClientLeases) throws(Fault) -> Bool {
        let fragments = try fragments()
        for alias in aliases {
            let choice = try context.choice(of: alias, knowing: known)
            for fragment in fragments {
                guard try fragment.serves(alias.name, to: choice.target) else { return false }
            }
        }
        return true
    }

    private func fragments() throws(Fault) -> [Fragment] {
        try context.instances().map { fragment(of: $0) }
    }

    /// Brings all fragments up to date.
    ///
    /// - Parameters:
    ///   - event: What happened, for the ledger.
    ///   - isRetried: What dnsmasq did not start with before is tried again.
    /// - Returns: Whether an alias is taken away that keeps dnsmasq from starting.
    @discardableResult
    mutating func update(because event: ByteString, isRetried: Bool = false) throws(Fault) -> Bool {
        try begin()
        record.rendered = try context.renderedDigest()
        let lastRun = try context.ledger.lastRun(of: job)
        if record.settings != context.settings.digest {
            try context.index.rebuild(context.storage, isTarget: context.settings.isTarget)
        }
        let firstEnd = try context.index.prune(context.storage)
        let fragments = try fragments()
        var since = try Since(folder: context.places.updater)
        for alias in try context.settings.all().aliases {
            let choice = try context.choice(of: alias)
            for fragment in fragments { try fragment.add(alias.name, to: choice.target) }
            if let target = choice.target { since.add(alias.name, to: target, at: context.now) }
        }
        try since.save()
        var onDisk = Digest()
        var wanted = Digest()
        var changed: [Fragment] = []
        var events: [ByteString] = []
        var isUrgent = false
        let reservations = context.reservations
        for fragment in fragments {
            let old = try fragment.current()
            let clashes = fragment.complete(since: old, reservations, isRetried: isRetried)
            for clash in clashes { tell("\(clash); remove one of them") }
            if !clashes.isEmpty { isUrgent = true }
            if old != fragment.text {
                changed.append(fragment)
                // What can fail for want of space comes first: a run that is asked for but finds nothing new would be
                // asked for again by its own replay.
                try fragment.prepare()
                if let reason = try fragment.test(context.places.updater + "/test.conf") {
                    tell(
                        "\(fragment.path): all aliases are left out until they change or the service is reloaded: \(reason)"
                    )
                    try fragment.prepare()
                }
            }
            events += fragment.changes(since: old, because: event)
            // What is no alias is nothing to dnsmasq.
            onDisk.add("\(fragment.path)\n\(Fragment.cnames(in: old))")
            wanted.add("\(fragment.path)\n\(Fragment.cnames(in: fragment.text))")
        }
        if events.isEmpty { events = ["others: \(event)"] }
        let step = record.step(
            onDisk: onDisk.text, wanted: wanted.text, lastRun: lastRun,
            standing: try context.ledger.standing(of: .alias, in: job))
        try take(step, changed, lastRun, because: events)
        record.settings = context.settings.digest
        record.firstEnd = firstEnd
        try lock.write(record.text(marked: false))
        return isUrgent
    }

    /// Takes the aliases away from instances, until they are other ones; but not those that were put back before.
    ///
    /// - Returns: The fragments that had any.
    /// - Throws: `cannotCreate`, `settings`.
    mutating func withdraw(from isMeant: (Instance) -> Bool) throws(Fault) -> [Withdrawn] {
        let instances = try context.instances().filter { isMeant($0) }
        var withdrawn: [Withdrawn] = []
        for instance in instances {
            let fragment = fragment(of: instance)
            let text = try fragment.current()
            if !Fragment.cnames(in: text).isEmpty {
                withdrawn.append(Withdrawn(fragment, instance.confdir, text))
            }
        }
        if record.acquitted == withdrawn.digest { return [] }
        try begin()
        // That was another time.
        record.acquitted = "none"
        for one in withdrawn { try one.fragment.withdraw(one.text) }
        try lock.write(record.text(marked: record.isUnderWay))
        return withdrawn
    }

    /// Puts back what was taken away, as dnsmasq did not run without it either.
    ///
    /// - Throws: `cannotCreate`, `settings`.
    mutating func putBack(_ withdrawn: [Withdrawn]) throws(Fault) {
        try begin()
        for one in withdrawn { try one.fragment.putBack(one.text) }
        record.acquitted = withdrawn.digest
        try lock.write(record.text(marked: record.isUnderWay))
    }

    private func fragment(of instance: Instance) -> Fragment {
        Fragment(for: instance, isAlias: context.settings.isAlias)
    }

    /// Nobody reads the output of a hook.
    private func tell(_ what: ByteString) { Log.system("cname-updater", what) }

    private mutating func take(
        _ step: Record.Step, _ changed: [Fragment], _ lastRun: Int, because events: [ByteString]
    ) throws(Fault) {
        switch step {
        case .leave:
            // No alias differs, but for what is said of those that are left out.
            for fragment in changed { try fragment.put() }
            return
        case .withdraw:
            for fragment in changed { try fragment.put() }
            if try context.ledger.lastRun(of: job) == lastRun, try isWithdrawn() {
                record.served = .onDisk
                return
            }
            // Too late: nobody knows what the run that has begun has read.
            record.served = .unknown(asOf: lastRun)
            try lock.write(record.text(marked: true))
            try context.ledger.add(.alias, to: job, events: events)
        case .ask(let served):
            record.served = served
            try lock.write(record.text(marked: true))
            try context.ledger.add(.alias, to: job, events: events)
            for fragment in changed { try fragment.put() }
            // A run may have begun before the fragments were there.
            if try context.ledger.standing(of: .alias, in: job) != .untouched {
                try context.ledger.add(.alias, to: job, events: events)
            }
        }
        try context.doorbell.ring(job)
    }

    /// Nobody asks for a run because of an alias any more, and none goes on.
    private func isWithdrawn() throws(Fault) -> Bool {
        switch try context.ledger.standing(of: .alias, in: job) {
        case .absent: true
        case .untouched: try context.ledger.withdraw(.alias, from: job)
        case .taken: false
        }
    }
}
