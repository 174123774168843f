import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux

/// The reason for a reconcile, and what is special about it.
final class Occasion {
    /// For the ledger: `add aa:bb:cc:dd:ee:ff 192.168.1.20 maxwell-arch`.
    var event: ByteString
    /// Aliases that were left out are tried again.
    var retries = false
    /// Instances that did not run with their aliases: leave the aliases out.
    var leavesOut: [ByteString] = []
    /// Instances that did not run without their aliases either: put the aliases back.
    var putsBack: [ByteString] = []
    /// Instances that are down for another reason.
    var down: [ByteString] = []
    /// Processes that a restart has not touched, so a further restart would not help.
    var untouched: [DnsmasqProcess] = []
    /// Leases without an event are recorded, and records without a lease are removed. This reads many files.
    var isThorough = true

    init(_ event: ByteString) { self.event = event }
}

/// Brings what is published in line with the truth, whatever made it differ. A second call changes nothing. Each step
/// is a single write, and a KILL may come between any two: the next call finishes the work.
///
/// `mark` asks for a reconcile. The process that holds the lock renames it to `working`, and removes that at the end.
extension Context {
    private var mark: ByteString { folder + "/mark" }
    private var working: ByteString { folder + "/working" }
    /// Outside the folder, which `watch` follows.
    private var lock: ByteString { folder + ".lock" }
    /// The digest of the settings at the last read of the lease files.
    private var read: ByteString { folder + "/read" }

    /// Returns whether a reconcile is requested, or was killed.
    /// - Throws: `cannotCreate` if the run directory is not ours.
    func isMarked() throws(Fault) -> Bool {
        // Another user could have written anything there.
        try Files.checkFolder(places.updater)
        if try FileStatus(at: mark) != nil { return true }
        return try FileStatus(at: working) != nil
    }

    /// - Parameters:
    ///   - waits: Waits for a process that reconciles. Otherwise that process finds the mark and starts again.
    ///   - marks: Leaves a mark first. A retry needs no mark.
    /// - Returns: The truth; nil if another process reconciles.
    /// - Throws: `cannotCreate`; `settings`; `busy` if another process keeps the lock.
    @discardableResult
    func reconcile(_ occasion: Occasion, waits: Bool = false, marks: Bool = true) throws(Fault) -> Truth? {
        for folder in [places.updater, folder] { try Files.makeFolder(folder) }
        if marks { _ = try Files.create(mark) }
        while true {
            guard let truth = try reconcileOnce(occasion, waits: waits) else { return nil }
            if try FileStatus(at: mark) == nil { return truth }
        }
    }

    private func reconcileOnce(_ occasion: Occasion, waits: Bool) throws(Fault) -> Truth? {
        do throws(Fault) {
            let held = try FileLock(lock, patience: waits ? FileLock.patience : .zero)
            defer { _ = held }
            try held.file.touch()
            // Renamed, since a KILL after a removal would lose the mark.
            if try FileStatus(at: mark) != nil { try Files.rename(mark, to: working) }
            let truth = try again().bringInLine(occasion)
            try Files.remove(working)
            return truth
        } catch  where error.code == .alreadyRunning {
            try reportOldLock()
            return nil
        }
    }

    /// Logs once which process has held the lock for more than 10 s.
    private func reportOldLock() throws(Fault) {
        guard let status = try FileStatus(at: lock), router.wallClock() - status.changed > FileLock.patience,
            let holder = try FileLock.holder(of: lock)
        else { return }
        let told = places.updater + "/told"
        let line: ByteString = "\(lock): process \(holder) has held the lock for more than \(FileLock.patience) s"
        if try Files.readIfThere(told) == line + "\n" { return }
        try Files.replace(told, with: line)
        Log.system(from: "cname-updater", line + "; lease events are recorded, and the aliases follow when it goes on")
    }

    private func bringInLine(_ occasion: Occasion) throws(Fault) -> Truth {
        let records = occasion.isThorough ? try storage.clients() : []
        let isFirst = try Files.readIfThere(read) != settings.digest + "\n"
        let truth = try Truth(self, isFirst: isFirst, isThorough: occasion.isThorough)
        let all = truth.publications
        for one in all {
            for name in occasion.down + occasion.putsBack { one.state.last(of: name)?.content = SeenProcess.down }
            one.choose(truth.aliases, occasion: occasion)
        }
        // While nothing is published, aliases keep their targets.
        if !all.isEmpty {
            for (index, alias) in truth.aliases.enumerated() {
                since.add(alias.name, to: all.map { $0.choices[index].target }, at: now)
            }
            try save(since)
        }
        try publish(all, occasion: occasion)
        try record(truth.untold)
        if !records.isEmpty { try removeRecords(of: truth.withoutLease(records)) }
        if isFirst, occasion.isThorough { try Files.replace(read, with: settings.digest) }
        return truth
    }

    /// The order of writes is as in the model in Tests/Model: change the model first.
    private func publish(_ all: [Publication], occasion: Occasion) throws(Fault) {
        for one in all { try one.prepare() }
        for one in all { try one.markChanging() }
        let changes = all.filter { $0.differs }.flatMap { $0.changes }
        var isNeeded = false
        for one in all where try one.needsRestart() { isNeeded = true }
        if isNeeded, !changes.isEmpty { try request(changes, occasion: occasion) }
        for one in all { try one.install() }
        let processes = all.contains { $0.differs } ? try router.processes() : []
        for one in all { one.rescan(processes) }
        for one in all { try one.spare(occasion.untouched) }
        isNeeded = false
        for one in all where try one.needsRestart() { isNeeded = true }
        let isPending = try ledger.isPending(.alias, in: job)
        if isNeeded, !isPending { try request(changes, occasion: occasion) }
        // If the processes are not known, a request stays.
        if isNeeded || all.contains(where: { $0.isPlain }) {
            if !changes.isEmpty || !isPending && isNeeded { try notifier.notify(job) }
        } else if isPending, try ledger.withdraw(.alias, from: job) {
            try notifier.notify(job)
        }
        for one in all { try one.settle(isLoaded: !isNeeded) }
    }

    private func request(_ changes: [ByteString], occasion: Occasion) throws(Fault) {
        for change in changes { try ledger.add(.alias, to: job, event: "\(change), \(occasion.event)") }
        if changes.isEmpty { try ledger.add(.alias, to: job, event: "others: \(occasion.event)") }
    }

    private func record(_ untold: [LeaseStorage.ClientLease]) throws(Fault) {
        for held in untold {
            let (old, token) = try storage.lookup(held.client)
            if old.contains(where: { $0.hasSameMapping(as: held.lease) }) { continue }
            let others = old.filter { $0.addresses != held.lease.addresses }
            // If an event was faster, its record is better.
            _ = try storage.update(held.client, to: others + [held.lease], token: token)
        }
    }

    private func removeRecords(of clients: [ClientIdentifier]) throws(Fault) {
        for client in clients {
            let (leases, token) = try storage.lookup(client)
            if leases.isEmpty { continue }
            _ = try storage.update(client, to: [], token: token) { () throws(Fault) in
                for lease in leases { notifier.request(forExpired: lease, of: client) }
            }
        }
    }
}
