import Basics
import Linux

/// The requests that were accepted and not yet carried out, as files that outlive whichever process is killed.
///
/// `RUN/pending/JOB/CAUSE` says that the job is to run, and why: its lines name the events behind it. Just before the
/// command starts, `debounced` renames `pending/JOB` to `running/JOB`; a request from then on makes a new file, which
/// belongs to the next run. After success it removes `running/JOB`, after a failure it puts the causes back. So at any
/// moment what is still to be done stands in one of the two, and a daemon that starts takes it up.
///
/// `RUN/taken/JOB` changes each time that a run begins, before its command can see what was asked for.
public struct Ledger: Sendable {
    /// Why a job is asked for, as the name of a file.
    public enum Cause: CaseIterable, Sendable {
        /// Somebody called `cname-updater request`.
        case manual
        /// The wanted aliases changed.
        case alias
        /// A lease is new, gone or changed.
        case lease
        /// A line written into the FIFO by hand.
        case fifo

        public var name: ByteString {
            switch self {
            case .manual: "manual"
            case .alias: "alias"
            case .lease: "lease"
            case .fifo: "fifo"
            }
        }
    }

    private let run: ByteString
    private let longestCause: Int

    /// - Parameters:
    ///   - run: The run directory of the daemon.
    ///   - longestCause: A cause's file names no more events than fit into so many bytes.
    public init(run: ByteString, longestCause: Int = 1000) {
        self.run = run
        self.longestCause = longestCause
    }

    private func pending(_ job: ByteString) -> ByteString { "\(run)/pending/\(job)" }
    private func running(_ job: ByteString) -> ByteString { "\(run)/running/\(job)" }

    // MARK: For those who ask

    /// Makes sure that the cause is there. When this returns, the job will run, whoever is killed.
    ///
    /// - Parameter event: One line that says what happened.
    /// - Returns: Where to hear of the run.
    /// - Throws: `cannotCreate` if it can't be written: then nothing is promised.
    @discardableResult
    public func add(_ cause: Cause, to job: ByteString, event: ByteString) throws(Fault) -> Receipt {
        let path: ByteString = "\(pending(job))/\(cause.name)"
        while true {
            do throws(Fault) {
                let file = try FileDescriptor(opening: path, Files.appending)
                if try file.status().size + event.count < longestCause {
                    try file.write(event + "\n")
                } else {
                    // Unnamed, it counts all the same: the quiet time begins with the last request.
                    try file.touch()
                }
                // The daemon may have taken the file before we wrote: a run that has begun is not the one we ask for.
                if try file.status().isSame(as: FileStatus(at: path)) { return Receipt(file) }
            } catch  where error.isNotFound {
                for folder in [run, "\(run)/pending", pending(job)] { try Files.makeFolder(folder) }
            }
        }
    }

    /// Takes a cause back, if no run has begun because of it.
    ///
    /// - Returns: Whether it was still there.
    @discardableResult
    public func withdraw(_ cause: Cause, from job: ByteString) throws(Fault) -> Bool {
        var wasThere = false
        for (other, path) in try causes(in: pending(job)) where other == cause {
            try Receipt.note(.withdrawn, in: path)
            if try Files.remove(path) { wasThere = true }
        }
        return wasThere
    }

    /// How far a cause has come.
    public enum Standing: Sendable {
        /// It is not there, and the job does not run.
        case absent
        /// No run has begun because of it, nor does one go on.
        case untouched
        /// A run goes on, or was tried because of it and is to be tried again.
        case taken
    }

    /// - Throws: `cannotCreate`.
    public func standing(of cause: Cause, in job: ByteString) throws(Fault) -> Standing {
        if try FileStatus(at: running(job)) != nil { return .taken }
        var standing = Standing.absent
        for (other, path) in try causes(in: pending(job)) where other == cause {
            if standing == .taken { break }
            // It may have gone between our two looks.
            standing = try Receipt.isTaken(path) ?? true ? .taken : .untouched
        }
        return standing
    }

    /// Something that changes each time that a run begins, whatever the cause; empty before the first.
    ///
    /// - Throws: `cannotCreate`.
    public func lastRun(of job: ByteString) throws(Fault) -> ByteString {
        try Files.readIfThere("\(run)/taken/\(job)")?.lines.first ?? ""
    }

    /// Takes all causes back.
    public func withdrawAll(from job: ByteString) throws(Fault) {
        for cause in Cause.allCases { try withdraw(cause, from: job) }
    }

    // MARK: For the daemon

    /// The jobs for which something is pending or was running when the last daemon ended.
    public func jobs() throws(Fault) -> [ByteString] {
        let running = try Files.names(in: "\(run)/running")
        let pending = try Files.names(in: "\(run)/pending")
        return pending + running.filter { !pending.contains($0) }
    }

    /// How long ago the first and the last of the pending requests were made; nil if there are none.
    ///
    /// The wall clock tells it, which may have jumped since: a time that can't be is taken as zero, so that the wait
    /// starts again rather than ends too early.
    ///
    /// - Parameter longest: A longer time can't be.
    public func age(of job: ByteString, longest: Duration) throws(Fault) -> (first: Duration, last: Duration)? {
        var ages: [Duration] = []
        for (_, path) in try causes(in: pending(job)) {
            guard let status = try FileStatus(at: path) else { continue }
            let age = Process.wallClock - status.changed
            ages.append(age < .zero || age > longest ? .zero : age)
        }
        guard let first = ages.max(), let last = ages.min() else { return nil }
        return (first, last)
    }

    /// Moves what is pending to what is running, just before the command starts.
    ///
    /// - Parameter number: The number of the run.
    /// - Returns: The events of all causes, each behind its cause's name; nil if there is no cause: then the command
    ///   must not run.
    public func take(_ job: ByteString, run number: Int) throws(Fault) -> [ByteString]? {
        // Nothing runs: what stands there could not be put back, or not be removed.
        if try FileStatus(at: running(job)) != nil { try putBack(job) }
        guard try FileStatus(at: pending(job)) != nil else { return nil }
        for folder: ByteString in ["\(run)/taken", "\(run)/running"] { try Files.makeFolder(folder) }
        try Files.rename(pending(job), to: running(job))
        let causes = try self.causes(in: running(job))
        if !causes.isEmpty {
            // Now, for who finds no run going on has not seen this; and before the command can start, for it may have
            // read what is changed from then on.
            try Files.replace("\(run)/taken/\(job)", with: "run \(number) at \(Process.now.sinceStart)")
        }
        var events: [ByteString] = []
        for (cause, path) in causes {
            events += try Receipt.events(in: path).map { "\(cause.name) \($0)" }
            try Receipt.note(.taken(run: number), in: path)
        }
        if causes.isEmpty { try Files.removeFolder(running(job)) }
        return causes.isEmpty ? nil : events
    }

    /// The run is over, and what was asked for is done or given up.
    public func finish(_ job: ByteString, run number: Int, status: Int32) throws(Fault) {
        guard try FileStatus(at: running(job)) != nil else { return }
        for (_, path) in try causes(in: running(job)) { try Receipt.note(.over(run: number, status: status), in: path) }
        // Removed in one step: half of it would be a request to a daemon that finds it.
        try Files.removeFolder("\(run)/running/.done")
        try Files.rename(running(job), to: "\(run)/running/.done")
        try Files.removeFolder("\(run)/running/.done")
    }

    /// Puts the causes of a run back, to be tried again.
    public func putBack(_ job: ByteString) throws(Fault) {
        for (cause, old) in try causes(in: running(job)) {
            for folder in ["\(run)/pending", pending(job)] { try Files.makeFolder(folder) }
            let new: ByteString = "\(pending(job))/\(cause.name)"
            let file = try FileStatus(at: old)
            // The same, if we were killed or failed before we could remove the old name.
            if let file, try !Files.link(old, to: new), try !file.isSame(as: FileStatus(at: new)) {
                // Asked for again meanwhile. Those who wait with the older file are to hear of the next run too.
                _ = try Files.link(old, to: "\(pending(job))/.\(cause.name).\(file.inode)")
            }
            try Files.remove(old)
        }
        try Files.removeFolder(running(job))
    }

    /// Makes sure that the command's shell finds room for its line: on a full file system the run would be lost as one
    /// that failed.
    ///
    /// - Throws: `cannotCreate`.
    public func checkRoom(for job: ByteString) throws(Fault) {
        try Files.write("\(running(job))/.room", "")
        try Files.remove("\(running(job))/.room")
    }

    /// Where the command's shell leaves its line of /proc/PID/stat before it becomes the command. It never does if
    /// something is there already.
    public func processFile(of job: ByteString) -> ByteString { "\(running(job))/.process" }

    /// What was running when the last daemon ended; it is to be put back once its command is watched or has ended.
    ///
    /// - Returns: The command's process, if it still runs.
    public func recover(_ job: ByteString) throws(Fault) -> RunningProcess? {
        guard try FileStatus(at: running(job)) != nil else { return nil }
        let file = processFile(of: job)
        // A shell that was started but has not come so far finds our file, and ends.
        var line: ByteString = ""
        if try !Files.create(file) {
            // It has come so far: give it the time to write.
            for _ in 0..<100 where line.isEmpty {
                line = try Files.read(file)
                if line.isEmpty { Process.pause(.milliseconds(10)) }
            }
        }
        return RunningProcess(stat: line)
    }

    /// The files in a folder, those that were put back beside a newer one included.
    private func causes(in folder: ByteString) throws(Fault) -> [(Cause, path: ByteString)] {
        let names = try Files.names(in: folder, hidden: true)
        var causes: [(Cause, path: ByteString)] = []
        for cause in Cause.allCases {
            for name in names where name == cause.name || name.hasPrefix(".\(cause.name).") {
                causes.append((cause, "\(folder)/\(name)"))
            }
        }
        return causes
    }
}
