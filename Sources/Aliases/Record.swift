import Basics
import Ledger

/// What is known of the aliases that dnsmasq serves: the lock's file, one page, written in one call.
///
/// The fragments are what dnsmasq reads when it is started. The protocol that keeps them, and asks for the start, rests on
/// three invariants:
///
/// 1. If dnsmasq may have read anything but what is on disk, `alias` is pending or a run goes on.
/// 2. The record is written before a fragment changes, and its mark is cleared after.
/// 3. Only a cause that no run has touched is withdrawn.
public struct Record: Equatable, Sendable {
    /// What dnsmasq was started with.
    public enum Served: Equatable, Sendable {
        /// What the fragments hold: no change is outstanding.
        case onDisk
        /// Fragments with this digest, unless a run has begun since the run of that number.
        case fragments(ByteString, asOf: Int)
        /// Nobody knows, unless a run has begun since the run of that number.
        case unknown(asOf: Int)
    }

    /// The digest of the settings that the fragments, and the index of targets, were made from.
    public var settings: ByteString = "none"
    public var served = Served.onDisk
    /// A process was killed while it changed something: all of the change is done again.
    public private(set) var isUnderWay = false
    /// When the first lease of a target ends; nil: none does.
    public var firstEnd: Instant?
    /// The digest of the files that the instances of dnsmasq were started with when the fragments were made.
    public var rendered: ByteString = "none"
    /// The digest of fragments without which dnsmasq did not run either, so that they are not at fault.
    public var acquitted: ByteString = "none"
    /// dnsmasq gets the aliases as addresses in a folder that it follows, not in the fragments.
    public var isFollowed = false

    /// Before anything was done.
    public init() {}

    /// Whether all aliases have to be looked at, whatever the event: the settings are other ones, somebody was killed
    /// halfway, or a lease has ended of which dnsmasq may not have told.
    ///
    /// - Parameter settings: The digest of those in force.
    public func isBehind(_ settings: ByteString, at now: Instant) -> Bool {
        isUnderWay || self.settings != settings || firstEnd.map { $0 <= now } ?? false
    }

    /// - Returns: nil if `text` is no record.
    public init?(text: ByteString) {
        // Names and values in turn; `served` has two values.
        let words = text.parts(keepsEmpty: false) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard words.count == 15, let run = words[4].wholeNumber else { return nil }
        settings = words[1]
        switch words[3] {
        case "on-disk": served = .onDisk
        case "unknown": served = .unknown(asOf: run)
        default: served = .fragments(words[3], asOf: run)
        }
        firstEnd = words[6].seconds.map { Instant(sinceStart: $0) }
        isUnderWay = words[8] != "no"
        (rendered, acquitted) = (words[10], words[12])
        isFollowed = words[14] == "yes"
    }

    /// As long as any other, so that it can be written over one.
    ///
    /// - Parameter marked: Something is about to be changed.
    public func text(marked: Bool) -> ByteString {
        let end = firstEnd.map { ByteString(seconds: $0.sinceStart) } ?? "never"
        let mark: ByteString = marked ? "yes" : "no"
        let text: ByteString = "settings \(settings)\nserved \(served.words)\nfirst-end \(end)\nunder-way \(mark)\n"
        let more: ByteString =
            "rendered \(rendered)\nacquitted \(acquitted)\nfollowed \(literal: isFollowed ? "yes" : "no")"
        return (text + more).padded(to: 200) + "\n"
    }

    /// What has to be done about the fragments.
    public enum Step: Equatable, Sendable {
        /// Nothing: they are as they are wanted.
        case leave
        /// dnsmasq has what is wanted, so what was asked for is not needed any more.
        case withdraw
        /// Ask for a run. Until it begins, dnsmasq has this.
        case ask(Served)
    }

    /// - Parameters:
    ///   - onDisk: The digest of the fragments as they are.
    ///   - wanted: The digest of the fragments as they are to be.
    ///   - lastRun: The number of the last run of the job.
    ///   - standing: How far the cause `alias` has come, looked at after `lastRun`.
    public func step(
        onDisk: ByteString, wanted: ByteString, lastRun: Int, standing: Ledger.Standing
    ) -> Step {
        if onDisk == wanted, !isUnderWay { return .leave }
        let known = known(onDisk: onDisk, lastRun: lastRun, standing: standing)
        if wanted == known { return .withdraw }
        return .ask(known.map { .fragments($0, asOf: lastRun) } ?? .unknown(asOf: lastRun))
    }

    /// The digest of what dnsmasq has; nil: nobody knows.
    private func known(onDisk: ByteString, lastRun: Int, standing: Ledger.Standing) -> ByteString? {
        // Whoever was killed may have done any part of his work.
        if isUnderWay { return nil }
        switch served {
        case .fragments(let digest, asOf: lastRun): return digest
        case .unknown(asOf: lastRun): return nil
        // A run that goes on, or that failed and is tried again, may have started it with what is on disk or not.
        default: return standing == .absent ? onDisk : nil
        }
    }

    /// Whether dnsmasq has what is on disk.
    ///
    /// - Parameters: As for `step`.
    public func isServed(lastRun: Int, standing: Ledger.Standing) -> Bool {
        // The digest of what is on disk is none of those in the record, which are of what was there before.
        known(onDisk: "on disk", lastRun: lastRun, standing: standing) == "on disk"
    }

    /// A replay was seen: somebody else may have started dnsmasq, with what stood in the fragments then.
    ///
    /// - Parameters: As for `step`.
    public mutating func noteReplay(lastRun: Int, standing: Ledger.Standing) {
        switch served {
        case .onDisk: break
        case _ where standing == .absent: served = .onDisk
        case .fragments(_, asOf: lastRun): served = .unknown(asOf: lastRun)
        // A run has begun since they were changed. Whoever started dnsmasq, it has read what is on disk.
        case .fragments, .unknown: break
        }
    }
}

extension Record.Served {
    fileprivate var words: ByteString {
        switch self {
        case .onDisk: "on-disk 0"
        case .fragments(let digest, let run): "\(digest) \(run)"
        case .unknown(let run): "unknown \(run)"
        }
    }
}
