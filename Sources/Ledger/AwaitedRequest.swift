import Basics
import Linux

/// A request, for a program that waits until its run is over.
public struct AwaitedRequest: Sendable {
    public enum Result: Equatable, Sendable {
        /// The run is over, and is not tried again. The status is the command's, 128 + N if signal N ended it.
        case over(run: Int, status: Int32)
        case withdrawn
    }

    private let ledger: RequestLedger
    private let job: ByteString
    private let path: ByteString
    /// The number of the last run that had begun before the request.
    private let before: Int

    /// Adds a request: see `RequestLedger.add`.
    /// - Throws: `cannotCreate`.
    public init(_ cause: RequestLedger.Cause, to job: ByteString, event: ByteString, in ledger: RequestLedger)
        throws(Fault)
    {
        before = try ledger.runs(of: job).begun
        try ledger.add(cause, to: job, event: event)
        try Files.makeFolder("\(ledger.folder)/taken")
        (self.ledger, self.job) = (ledger, job)
        path = "\(ledger.pending(job))/\(cause.fileName(event))"
    }

    /// Waits for the end of the run that carries the request out.
    /// - Parameter mayCome: Called at least twice a second: whether a daemon runs that may run the job.
    /// - Returns: nil if no daemon runs.
    /// - Throws: `system` if the files can't be watched: inotify(7); `cannotCreate`.
    public func wait(while mayCome: () -> Bool) throws(Fault) -> Result? {
        // The watch starts before the read, so that no change is missed.
        let watch = try FileWatch(.changes, in: ["\(ledger.folder)/taken"])
        var number: Int?
        while true {
            if number == nil { number = try run() }
            let runs = try ledger.runs(of: job)
            if let number, runs.ended >= number { return .over(run: runs.ended, status: runs.status) }
            if try isWithdrawn(runs) { return .withdrawn }
            guard mayCome() else { return nil }
            watch.wait(upTo: .milliseconds(500))
            watch.skip()
        }
    }

    private func run() throws(Fault) -> Int? {
        let begun = try ledger.runs(of: job).begun
        guard try FileStatus(at: path) != nil else { return before + 1 }
        // For a moment a run has its requests and no number.
        let isRunning = try FileStatus(at: ledger.running(job)) != nil
        let hasNumber = try FileStatus(at: ledger.runFolder(of: job, run: begun)) != nil
        let isOld = try ledger.runs(of: job).begun != begun
        return isOld || isRunning && !hasNumber ? nil : begun + 1
    }

    private func isWithdrawn(_ runs: Runs) throws(Fault) -> Bool {
        // Twice, since requests move from `pending` to `running`, and back if the run fails.
        for _ in 0..<2 {
            if try !ledger.requests(in: ledger.pending(job)).isEmpty { return false }
            if try FileStatus(at: ledger.running(job)) != nil { return false }
        }
        return try ledger.runs(of: job) == runs
    }
}
