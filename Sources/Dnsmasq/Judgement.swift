import Basics

/// Judges whether an instance of dnsmasq runs after a restart, from the processes seen at each moment.
public final class Judgement {
    public enum Verdict: Sendable {
        /// A process of the restart has stayed.
        case up
        /// The process from before the restart runs on.
        case untouched
        /// No process runs, or no process stays.
        case down
    }

    /// A process that fails at the end of its second second does so within this time.
    private static let enough = Duration.milliseconds(2500)
    /// OpenWrt's jail may take seconds to start dnsmasq, and procd tries a failed start again after 5 s.
    private static let patience = Duration.seconds(12)
    /// After `patience`, processes that come and go get this time.
    private static let respite = Duration.seconds(5)

    public let name: ByteString
    public private(set) var verdict: Verdict?
    public private(set) var instance: Instance?
    private let began: Instant
    private let start: Instant
    /// The processes of the restart that still run.
    private var new: [DnsmasqProcess] = []
    /// When each was seen first. A start is earlier: OpenWrt's jail has that number before dnsmasq.
    private var since: [Instant] = []
    /// The first look after `patience`, which may be late on a busy router.
    private var late: Instant?

    /// - Parameters:
    ///   - name: The instance's name.
    ///   - began: When the run began, or when the process before ended.
    ///   - start: When the first look was.
    public init(_ name: ByteString = "", began: Instant, start: Instant) {
        (self.name, self.began, self.start) = (name, began, start)
    }

    public func record(_ instances: [Instance], at now: Instant) {
        instance = instances.first { $0.name == name }
        verdict = instance.map { record($0.processes, at: now) } ?? .untouched
    }

    /// Records the processes of the instance. Called about every 100 ms.
    /// - Returns: The verdict; nil while it is open, for 17 s at most, and until the next look.
    public func record(_ processes: [DnsmasqProcess], at now: Instant) -> Verdict? {
        // The clock of processes has ticks of 10 ms.
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
