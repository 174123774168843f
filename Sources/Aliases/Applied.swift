import Basics
import Ledger
import Linux

/// What dnsmasq was started with, as far as anybody can know: the digest of the fragments as they were when the job last
/// ran. So a change that is undone before the job has run needs no run.
///
/// While a change is outstanding, `RUN/applied` holds it, and what the ledger says of that last run. Where it does not
/// (nothing is outstanding, or a run has begun since) dnsmasq has what stands in the fragments.
public struct Applied {
    private let path: ByteString
    private let ledger: Ledger
    private let job: ByteString
    /// The last run when we began to look: what we find and hold is true of that time.
    private let lastRun: ByteString

    /// - Parameter run: The updater's run directory.
    /// - Throws: `cannotCreate`.
    public init(run: ByteString, _ ledger: Ledger, _ job: ByteString) throws(Fault) {
        path = Applied.path(run)
        self.ledger = ledger
        self.job = job
        lastRun = try ledger.lastRun(of: job)
    }

    private static func path(_ run: ByteString) -> ByteString { run + "/applied" }

    /// Whether something is held, which a replay may put in doubt.
    ///
    /// - Throws: `cannotCreate`.
    public static func isHeld(run: ByteString) throws(Fault) -> Bool {
        try FileStatus(at: path(run)) != nil
    }

    /// - Parameter current: Of the fragments as they stand.
    /// - Returns: nil if nobody knows.
    /// - Throws: `cannotCreate`.
    public func digest(current: ByteString) throws(Fault) -> ByteString? {
        if let held = try held(), held.run == lastRun { return held.digest == Applied.unknown ? nil : held.digest }
        // A run that goes on, or failed and is tried again, may have started it with either.
        return try ledger.standing(of: .alias, in: job) == .absent ? current : nil
    }

    /// Holds on to what dnsmasq was started with, before the fragments change.
    ///
    /// - Parameter digest: nil if nobody knows.
    /// - Throws: `cannotCreate`.
    public func hold(_ digest: ByteString?) throws(Fault) {
        try Files.replace(path, with: "\(digest ?? Applied.unknown)\n\(lastRun)")
    }

    /// No run has begun since we began to look.
    ///
    /// - Throws: `cannotCreate`.
    public func isFirm() throws(Fault) -> Bool {
        try ledger.lastRun(of: job) == lastRun
    }

    /// Somebody else may have started dnsmasq, with what stood in the fragments then.
    ///
    /// - Throws: `cannotCreate`.
    public func noteReplay() throws(Fault) {
        guard try held() != nil else { return }
        if try ledger.standing(of: .alias, in: job) == .absent {
            try Files.remove(path)
        } else {
            try hold(nil)
        }
    }

    private static let unknown: ByteString = "unknown"

    private func held() throws(Fault) -> (digest: ByteString, run: ByteString)? {
        guard let text = try Files.readIfThere(path), let (first, rest) = text.split(at: UInt8(ascii: "\n")) else {
            return nil
        }
        // The second line may be empty.
        return (first, rest.lines.first ?? "")
    }
}
