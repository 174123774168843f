import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux
import Network

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
        record = try Record(text: lock.text()) ?? Record()
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
        let lastRun = try context.ledger.runs(of: job).begun
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
        if aliases.isEmpty { return true }
        for instance in try context.instances() {
            for alias in aliases {
                let choice = try context.choice(of: alias, in: instance, knowing: known)
                let isServed =
                    if record.isFollowed {
                        try HostsFolder(of: instance).serves(entry(choice, in: instance))
                    } else {
                        try fragment(of: instance).serves(alias.name, to: choice.target)
                    }
                if !isServed { return false }
            }
        }
        return true
    }

    /// What the folder should have of an alias.
    private func entry(_ choice: Choice, in instance: Instance) throws(Fault) -> HostsFolder.Entry {
        let isLeftOut = try fragment(of: instance).leavesOut(choice.alias, to: choice.target)
        return isLeftOut ? HostsFolder.Entry(choice.alias) : choice.entry(in: instance)
    }

    /// Gives the aliases their addresses where dnsmasq follows a folder. Nothing has to be asked for.
    ///
    /// - Returns: false if it does not, or all aliases have to be looked at.
    mutating func publish(_ aliases: [Alias]) throws(Fault) -> Bool {
        guard record.isFollowed, !record.isUnderWay, try !isBehind(isReplay: false) else { return false }
        let instances = try context.instances()
        for instance in instances where try !HostsFolder(of: instance).isThere() { return false }
        try begin()
        var since = try Since(folder: context.places.updater)
        for alias in aliases {
            since.remove(alias.name)
            for instance in instances {
                let choice = try context.choice(of: alias, in: instance)
                since.add(alias.name, to: choice.target, at: context.now)
                _ = try HostsFolder(of: instance).put(entry(choice, in: instance), waits: true)
            }
        }
        try since.save()
        try lock.write(record.text(marked: false))
        return true
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
        let lastRun = try context.ledger.runs(of: job).begun
        if record.settings != context.settings.digest {
            try context.index.rebuild(context.storage, isTarget: context.settings.isTarget)
        }
        let firstEnd = try context.index.prune(context.storage)
        let aliases = context.settings.all.aliases
        let instances = try context.instances()
        record.isFollowed = isFollowed(instances)
        var since = try Since(folder: context.places.updater)
        var fragments: [Fragment] = []
        for instance in instances {
            let fragment = fragment(of: instance)
            for alias in aliases {
                let choice = try context.choice(of: alias, in: instance)
                try fragment.add(alias.name, to: choice.target)
                if record.isFollowed { fragment.entries.append(choice.entry(in: instance)) }
                since.add(alias.name, to: choice.target, at: context.now)
            }
            fragments.append(fragment)
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
            }
            events += fragment.changes(since: old, because: event)
            // A folder that was not there is not followed.
            let isMissing = record.isFollowed ? try fragment.fillFolder(isFollowed: old == fragment.text) : false
            // What is a comment is nothing to dnsmasq.
            onDisk.add("\(fragment.path)\n\(Fragment.directives(in: isMissing ? "" : old))")
            wanted.add("\(fragment.path)\n\(Fragment.directives(in: fragment.text))")
        }
        if events.isEmpty { events = ["others: \(event)"] }
        let step = record.step(
            onDisk: onDisk.text, wanted: wanted.text, lastRun: lastRun,
            standing: try context.ledger.standing(of: .alias, in: job))
        try take(step, changed, lastRun, because: events)
        // Until dnsmasq has the aliases in the fragments again, it may serve those in the folders.
        if !record.isFollowed, step == .leave, try context.isServed(record) {
            for fragment in fragments { try fragment.removeFolder() }
        }
        record.settings = context.settings.digest
        record.firstEnd = firstEnd
        try lock.write(record.text(marked: false))
        return isUrgent
    }

    /// Takes the aliases away from instances, until they are other ones; but not those that were put back before.
    ///
    /// - Returns: The fragments that had any.
    /// - Throws: `cannotCreate`, `settings`.
    mutating func withdraw(from isMeant: (Instance) -> Bool) throws(Fault) -> [Fragment] {
        var withdrawn: [Fragment] = []
        for instance in try context.instances() where isMeant(instance) {
            let fragment = fragment(of: instance)
            fragment.old = try fragment.current()
            if !Fragment.directives(in: fragment.old).isEmpty { withdrawn.append(fragment) }
        }
        if record.acquitted == digest(of: withdrawn) { return [] }
        try begin()
        // That was another time.
        record.acquitted = "none"
        for fragment in withdrawn { try fragment.withdraw() }
        try lock.write(record.text(marked: record.isUnderWay))
        return withdrawn
    }

    /// Puts back what was taken away, as dnsmasq did not run without it either.
    ///
    /// - Throws: `cannotCreate`, `settings`.
    mutating func putBack(_ withdrawn: [Fragment]) throws(Fault) {
        try begin()
        for fragment in withdrawn { try fragment.putBack() }
        record.acquitted = digest(of: withdrawn)
        try lock.write(record.text(marked: record.isUnderWay))
    }

    private func digest(of withdrawn: [Fragment]) -> ByteString {
        var digest = Digest()
        for fragment in withdrawn { digest.add("\(fragment.path)\n\(fragment.old)") }
        return digest.text
    }

    private func fragment(of instance: Instance) -> Fragment {
        Fragment(for: instance, isFollowed: record.isFollowed, isAlias: context.settings.isAlias)
    }

    /// Whether dnsmasq is to follow a folder with the aliases, and can.
    private func isFollowed(_ instances: [Instance]) -> Bool {
        guard context.settings.updater.publish == .hosts else { return false }
        // After a boot, before dnsmasq has been started: nobody knows where it looks.
        if context.settings.updater.confdir == nil, instances.allSatisfy({ $0.rendered.isEmpty }) { return false }
        guard let obstacle = InstalledDnsmasq.obstacle() else { return true }
        if record.settings != context.settings.digest { tell("publish 'hosts': \(obstacle); cname is used") }
        return false
    }

    /// Nobody reads the output of a hook.
    private func tell(_ what: ByteString) { Log.system("cname-updater", what) }

    private mutating func take(
        _ step: Record.Step, _ changed: [Fragment], _ lastRun: Int, because events: [ByteString]
    ) throws(Fault) {
        switch step {
        case .leave, .withdraw:
            // With `leave`, only the comments on aliases that are left out differ.
            for fragment in changed { try fragment.put() }
            if step == .leave { return }
            if try context.ledger.runs(of: job).begun == lastRun, try isWithdrawn() {
                record.served = .onDisk
                return
            }
            // Too late: what the run that has begun has read is not known.
            record.served = .unknown(asOf: lastRun)
            try ask(events)
        case .ask(let served):
            record.served = served
            try ask(events)
            for fragment in changed { try fragment.put() }
            // A run may have begun before the fragments were there.
            if try context.ledger.standing(of: .alias, in: job) != .untouched { try ask(events) }
        }
        try context.doorbell.ring(job)
    }

    private func ask(_ events: [ByteString]) throws(Fault) {
        try lock.write(record.text(marked: true))
        for event in events { try context.ledger.add(.alias, to: job, event: event) }
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

extension Choice {
    /// All addresses of the target: those of its leases, and those that odhcpd gave it.
    func entry(in instance: Instance) -> HostsFolder.Entry {
        guard let target else { return HostsFolder.Entry(alias) }
        func addresses(_ leases: [Lease]) -> [Address] {
            leases.flatMap { $0.addresses.filter { !$0.isPrefix } }
        }
        var all = addresses(leases)
        for address in instance.odhcpdAddresses(of: target) where !all.contains(address) { all.append(address) }
        return HostsFolder.Entry(alias, all, others: addresses(others))
    }
}
