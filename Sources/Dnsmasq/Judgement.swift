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

    private let began: Instant
    private let start: Instant
    /// The processes that the restart started and that are still there, each with the moment at which it was seen first.
    /// Its start is earlier: OpenWrt's jail has the same number before it becomes dnsmasq.
    private var new: [New] = []

    private final class New {
        let process: DnsmasqProcess
        let since: Instant

        init(_ process: DnsmasqProcess, since: Instant) { (self.process, self.since) = (process, since) }
    }
    /// The first look after `patience`, which may be late on a busy router.
    private var late: Instant?

    /// - Parameters:
    ///   - began: When the run began, or when the process that was seen before ended.
    ///   - start: When the looking began.
    public init(began: Instant, start: Instant) { (self.began, self.start) = (began, start) }

    /// Notes which processes of the instance run. Called about every 100 ms.
    ///
    /// - Returns: The verdict; nil as long as it is open, which is at most for 17 s, and until the look after that.
    public func note(_ processes: [DnsmasqProcess], at now: Instant) -> Verdict? {
        // A tick of the clock of processes is 10 ms.
        let young = processes.filter { $0.started > began - .milliseconds(10) }
        let known = new
        new = young.map { process in
            known.first { $0.process.isSame(as: process) } ?? New(process, since: now)
        }
        if new.contains(where: { now - $0.since >= Judgement.enough }) { return .up }
        guard now - start >= Judgement.patience else { return nil }
        let late = late ?? now
        self.late = late
        if !young.isEmpty, now - late < Judgement.respite { return nil }
        return young.count < processes.count ? .untouched : .down
    }
}
