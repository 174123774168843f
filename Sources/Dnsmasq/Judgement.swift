import Basics

/// Judges whether an instance of dnsmasq runs after a restart, from the processes seen at each moment.
public final class Judgement {
    public enum Verdict: Sendable {
        /// A process that the restart started has stayed.
        case up
        /// The process from before the restart still runs.
        case untouched
        /// No process runs, or every process ends soon.
        case down
    }

    /// A process that fails at the end of its second second is gone after this time.
    private static let enough = Duration.milliseconds(2500)
    /// OpenWrt's jail may take seconds to start dnsmasq, and procd tries a failed start again after 5 s.
    private static let patience = Duration.seconds(12)
    /// The extra time after `patience` for processes that start and end.
    private static let respite = Duration.seconds(5)

    public let name: ByteString
    public private(set) var verdict: Verdict?
    public private(set) var instance: Instance?
    private let began: Instant
    private var start: Instant
    /// The processes that the restart started and that still run.
    private var new: [DnsmasqProcess] = []
    /// The moment when each process in `new` was first seen as dnsmasq. OpenWrt's jail starts before, with that number.
    private var since: [Instant] = []
    /// The moment of the first record after `patience`; may be late on a busy router.
    private var late: Instant?

    /// - Parameter began: When the run began, or when the process that was seen before ended.
    public init(_ name: ByteString = "", began: Instant, start: Instant) {
        (self.name, self.began, self.start) = (name, began, start)
    }

    /// Lets `patience` start again: a restart goes on that may yet bring the instance up.
    public func restartPatience(at now: Instant) { (start, late) = (now, nil) }

    public func record(_ instances: [Instance], at now: Instant) {
        instance = instances.first { $0.name == name }
        // An instance without a rendered file no longer exists.
        verdict = instance.map { record($0.processes, at: now) } ?? .untouched
    }

    /// Called about every 100 ms. Returns nil while the verdict is open: for at most 17 s, and until the next call.
    public func record(_ processes: [DnsmasqProcess], at now: Instant) -> Verdict? {
        let young = processes.filter { $0.started > began - .milliseconds(10) }
        since = young.map { process in new.firstIndex { $0.isSame(as: process) }.map { since[$0] } ?? now }
        new = young
        if since.contains(where: { now - $0 >= Judgement.enough }) { return .up }
        guard now - start >= Judgement.patience else { return nil }
        let late = late ?? now
        self.late = late
        if !young.isEmpty, now - late < Judgement.respite { return nil }
        return young.count < processes.count ? .untouched : .down
    }
}
