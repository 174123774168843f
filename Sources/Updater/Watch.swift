import Basics
import Configuration
import Dnsmasq
import Ledger
import Linux

/// `cname-updater watch`: notices lost events. It reconciles whenever the truth may have changed, probes competing
/// candidates, and restarts instances of dnsmasq that have ended. It sleeps while nothing happens.
public struct Watch: ~Copyable {
    private let places: Places
    private let lock: FileLock
    /// Other processes write to it when leases, aliases or settings may have changed.
    private let fifo: FileDescriptor
    private var probes: Probes
    private var processes: [WatchedProcess] = []
    /// Instances with an ended process, until the next process is up or the instance is down.
    private var ended: [Judgement] = []
    private var files: [ByteString] = []
    private var changes: FileWatch?
    /// The deadline of the next reconcile; nil if only an event starts one.
    private var next: Instant?
    private var lastFault: ByteString = ""

    private final class WatchedProcess {
        let name: ByteString
        let process: DnsmasqProcess
        let end: FileDescriptor

        init?(of name: ByteString, _ process: DnsmasqProcess) {
            guard let end = try? ChildProcess.end(of: process.number) else { return nil }
            (self.name, self.process) = (name, process)
            self.end = end
        }
    }

    /// Within this time the updater of an event is usually done.
    private static let delay = Duration.seconds(1)

    /// Returns whether the settings file has an alias. The init script asks before the settings are in force.
    /// - Throws: `settings` if the system can't read a file; `cannotCreate`.
    public static func isNeeded(_ places: Places) throws(Fault) -> Bool {
        try !Settings.forStart(places).0.aliases.isEmpty
    }

    /// - Throws: `alreadyRunning`; `cannotCreate`.
    public init(_ places: Places) throws(Fault) {
        try Files.makeFolder(places.updater)
        let lock = try FileLock(places.updater + "/watch", patience: .zero)
        // The saved presence counts until the candidates are probed again.
        let probes = Probes(try Context(places, takesOver: true).presence)
        fifo = try Fifo.open(Notifier.watchFifo(places))
        self.lock = lock
        self.probes = probes
        self.places = places
    }

    /// Runs until the process is ended.
    /// - Throws: `system` if it can't probe: only root may.
    public mutating func run() throws(Fault) -> Never {
        Log.info("watching, as process \(Process.number)")
        for name in try Context(places, takesOver: true).ranBefore() { recordEnd(of: name) }
        while true {
            let context = try Context(places, takesOver: true)
            if probes.isDue(at: context.now) { try probes.finishRound(context) }
            try reconcile(with: context)
            while try !wait() {}
        }
    }

    private mutating func reconcile(with context: Context) throws(Fault) {
        next = nil
        var truth: Truth?
        do throws(Fault) {
            truth = try context.reconcile(Occasion("watch"), marks: false)
            lastFault = ""
        } catch {
            // The fault may pass, so the next turn tries again.
            if error.message != lastFault { Log.error(error.message) }
            lastFault = error.message
        }
        guard let truth else { return wake(in: Watch.delay) }
        try probes.startRound(truth)
        try follow(truth)
        try judge(truth)
        for one in truth.publications {
            if !one.state.leftOut.isEmpty { next = earliest(next, one.leftOutEnd) }
            if one.isBeingRead { wake(in: Watch.delay) }
        }
    }

    private mutating func wake(in duration: Duration) { next = earliest(next, Process.now + duration) }

    private mutating func follow(_ truth: Truth) throws(Fault) {
        var paths = [truth.context.router.rendered, truth.context.folder]
        for instance in truth.instances where !instance.isPlain {
            paths += [instance.rendered.leaseFile] + instance.hostsFiles
        }
        var found: [ByteString] = []
        for path in paths.uniqued {
            if let file = try FileStatus(at: path) { found.append("\(file.inode) \(path)") }
        }
        if found == files, changes != nil { return }
        files = found
        changes = try? FileWatch(.changesAndWrites, in: paths.uniqued)
        // A file may have changed before the watch began, or the system can follow no more files now.
        wake(in: Watch.delay)
    }

    /// From now on the instance is watched until it is up or down.
    private mutating func recordEnd(of name: ByteString) {
        if ended.contains(where: { $0.name == name }) { return }
        ended.append(Judgement(name, began: Instant(sinceStart: .zero), start: Process.now))
    }

    /// Records which processes run, and restarts instances that are down.
    private mutating func judge(_ truth: Truth) throws(Fault) {
        let context = truth.context
        let known = processes
        processes = truth.instances.flatMap { instance in
            instance.processes.compactMap { process in
                known.first { $0.process.isSame(as: process) } ?? WatchedProcess(of: instance.name, process)
            }
        }
        for old in known where !processes.contains(where: { $0 === old }) { recordEnd(of: old.name) }
        var down: [ByteString] = []
        for one in ended {
            // A run in progress looks after the instance itself.
            if try context.ledger.isRunning(context.job) { one.restartPatience(at: context.now) }
            one.record(truth.instances, at: context.now)
            if one.verdict == .down, Procd.mustRun(one.name) == true { down.append(one.name) }
            if one.verdict != nil { ended = ended.filter { $0 !== one } }
        }
        if !ended.isEmpty { wake(in: Watch.delay) }
        if down.isEmpty { return }
        try context.mend(down)
        wake(in: .zero)
    }

    /// Sleeps until something happens.
    /// - Returns: Whether a reconcile is due.
    private mutating func wait() throws(Fault) -> Bool {
        let numbers = [fifo.number, changes?.number ?? -1, probes.number] + processes.map { $0.end.number }
        let readable = Poll.readable(numbers, until: earliest(next, probes.deadline))
        var buffer = [UInt8](repeating: 0, count: 512)
        if readable[0] {
            _ = try fifo.read(into: &buffer)
            return true
        }
        if readable[1] {
            changes?.skip()
            wake(in: Watch.delay)
        }
        if readable[2] { probes.read() }
        for index in processes.indices.reversed() where readable[3 + index] {
            recordEnd(of: processes[index].name)
            processes.remove(at: index)
            wake(in: Watch.delay)
        }
        let now = Process.now
        return next.map { $0 <= now } ?? false || probes.isDue(at: now)
    }
}
