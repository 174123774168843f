import Basics

/// Judges whether an instance of dnsmasq runs after a restart, from the processes seen at each moment.
public final class Judgement {
    public enum Verdict: Sendable {
        /// A process that was started by the restart has stayed.
        case up
        /// The process from before the restart runs on.
        case untouched
        /// No process runs, or none stays.
        case down
    }

    /// A process that is to die at the end of its second second does so within this time.
    private static let enough = Duration.milliseconds(2500)
    /// OpenWrt's jail may take seconds to start dnsmasq, and procd tries a failed start again after 5 s.
    private static let patience = Duration.seconds(12)
    /// After `patience`, processes that come and go are given this time.
    private static let respite = Duration.seconds(5)

    public let name: ByteString
    /// nil as long as it is open.
    public private(set) var verdict: Verdict?
    /// The instance, as it was seen last.
    public private(set) var instance: Instance?
    private let began: Instant
    private let start: Instant
    /// The processes that the restart started and that are still there.
    private var new: [DnsmasqProcess] = []
    /// When each of them was seen first. Its start is earlier: OpenWrt's jail has the same number before it becomes dnsmasq.
    private var since: [Instant] = []
    /// The first look after `patience`, which may be late on a busy router.
    private var late: Instant?

    /// - Parameters:
    ///   - name: The instance's.
    ///   - began: When the run began, or when the process that was seen before ended.
    ///   - start: When the looking began.
    public init(_ name: ByteString = "", began: Instant, start: Instant) {
        (self.name, self.began, self.start) = (name, began, start)
    }

    /// Notes which instances run.
    public func record(_ instances: [Instance], at now: Instant) {
        instance = instances.first { $0.name == name }
        // Without a rendered file there is no instance.
        verdict = instance.map { record($0.processes, at: now) } ?? .untouched
    }

    /// Notes which processes of the instance run. Called about every 100 ms.
    ///
    /// - Returns: The verdict; nil as long as it is open, which is at most for 17 s, and until the look after that.
    public func record(_ processes: [DnsmasqProcess], at now: Instant) -> Verdict? {
        // A tick of the clock of processes is 10 ms.
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
