import Basics
import Linux

/// The requests that were accepted and not yet carried out, as files that outlive whichever process is killed.
///
/// `FOLDER/pending/JOB/CAUSE` says that the job is to run, and why: a line `ASKER: EVENT` for each who asks, with the last
/// event, or a line that is itself the requester. Just before the
/// command starts, `debounced` renames `pending/JOB` to `running/JOB`; a request from then on makes a new file, which
/// belongs to the next run. After success it removes `running/JOB`, after a failure it puts the causes back. So at any
/// moment what is still to be done stands in one of the two, and a daemon that starts takes it up.
///
/// `FOLDER/taken/JOB` holds the number of the job's last run. It goes up by one each time that a run begins, before the
/// command can see what was asked for, and never starts again as long as the folder is there: so a run that somebody
/// remembers is told from every later one.
public struct Ledger: Sendable {
    /// Why a job is asked for, as the name of a file.
    public enum Cause: ByteString, CaseIterable, Sendable {
        /// Somebody called `cname-updater request`.
        case manual
        /// The wanted aliases changed.
        case alias
        /// A lease is new, gone or changed.
        case lease
        /// A line written into the FIFO by hand.
        case fifo
    }

    private let folder: ByteString
    private let mostNamed: Int

    /// - Parameters:
    ///   - folder: The run directory of the daemon.
    ///   - mostNamed: How many lines a cause's file has. Who does not fit is one of the `others`.
    public init(folder: ByteString, mostNamed: Int = 24) {
        self.folder = folder
        self.mostNamed = mostNamed
    }

    private func pending(_ job: ByteString) -> ByteString { "\(folder)/pending/\(job)" }
    private func running(_ job: ByteString) -> ByteString { "\(folder)/running/\(job)" }
    private func taken(_ job: ByteString) -> ByteString { "\(folder)/taken/\(job)" }

    // MARK: For programs that ask

    /// Makes sure that the cause is there. When this returns, the job will run, whichever process is killed.
    ///
    /// - Parameter event: One line that says what happened: `ASKER: EVENT`.
    /// - Returns: Where to hear of the run.
    /// - Throws: `cannotCreate` if it can't be written: then nothing is promised.
    @discardableResult
    public func add(_ cause: Cause, to job: ByteString, event: ByteString) throws(Fault) -> Receipt {
        try add(cause, to: job, events: [event])
    }

    /// The same for several who ask because of one thing. No two writers do so at once, or one of them may not be named.
    ///
    /// - Parameter events: Not empty.
    @discardableResult
    public func add(_ cause: Cause, to job: ByteString, events: [ByteString]) throws(Fault) -> Receipt {
        let path: ByteString = "\(pending(job))/\(cause.rawValue)"
        while true {
            do throws(Fault) {
                let file = try FileDescriptor(opening: path, Files.appending)
                let old = try file.text()
                let new = named(events, in: old)
                if new != old, new.hasPrefix(old) {
                    try file.write(ByteString(new.bytes[old.count...]))
                } else if new == old || (try? Files.replace(path, with: ByteString(new.bytes.dropLast()))) == nil {
                    // The event is not named but counts all the same: the quiet time begins with the last request.
                    try file.touch()
                }
                // The daemon may have taken the file before we wrote. The run that then began is not the one we ask for.
                // Or the file is another now: then the next turn finds the event there.
                if try file.status().isSame(as: FileStatus(at: path)) { return Receipt(file) }
            } catch  where error.isNotFound {
                try makeFolders(job)
            }
        }
    }

    private func makeFolders(_ job: ByteString) throws(Fault) {
        for path in [folder, "\(folder)/pending", pending(job)] { try Files.makeFolder(path) }
    }

    /// The text of a cause's file with these events: of each requester the last.
    private func named(_ events: [ByteString], in text: ByteString) -> ByteString {
        var lines = text.lines
        for event in events {
            // All of them are to fit into a page.
            var event = ByteString(event.bytes.prefix(160))
            var rest = lines.filter { $0.requester != event.requester }
            if rest.count == lines.count, lines.count >= mostNamed {
                event = "others: more than can be named"
                rest = lines.filter { $0 != event }
            }
            if !lines.contains(where: { $0 == event }) { lines = rest + [event] }
        }
        return lines.joined(separator: "\n") + "\n"
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
        if wasThere { Files.removeEmptyFolder(pending(job)) }
        return wasThere
    }

    /// How far a cause has come.
    public enum Standing: Sendable {
        /// It is not there, and the job does not run.
        case absent
        /// No run has begun because of it, nor does one go on.
        case untouched
        /// A run goes on; or one has failed that began because of it, and will be tried again.
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

    /// The number of the run that began last, whatever its cause; 0 before the first.
    ///
    /// - Throws: `cannotCreate`.
    public func lastRun(of job: ByteString) throws(Fault) -> Int {
        // An earlier version wrote `run NUMBER at SECONDS`.
        try Files.readIfThere(taken(job))?.lines.first?.words.compactMap { $0.wholeNumber }.first ?? 0
    }

    /// Takes all causes back.
    public func withdrawAll(from job: ByteString) throws(Fault) {
        for cause in Cause.allCases { try withdraw(cause, from: job) }
    }

    // MARK: For the daemon

    /// Keeps requests that came as lines. Nobody else writes this file, or takes it.
    ///
    /// - Throws: `cannotCreate`.
    public func keepByHand(_ job: ByteString) throws(Fault) {
        try makeFolders(job)
        try Files.write("\(pending(job))/\(Cause.fifo.rawValue)", "request \(job)")
    }

    /// The jobs for which something is pending or was running when the last daemon ended.
    public func jobs() throws(Fault) -> [ByteString] {
        let running = try Files.names(in: "\(folder)/running")
        let pending = try pending()
        return pending + running.filter { !pending.contains($0) }
    }

    /// The jobs for which something may be pending, sorted.
    public func pending() throws(Fault) -> [ByteString] {
        try Files.names(in: "\(folder)/pending")
    }

    /// The pending events, each behind its cause's name.
    ///
    /// - Throws: `cannotCreate`.
    public func events(of job: ByteString) throws(Fault) -> [ByteString] {
        try events(of: causes(in: pending(job)))
    }

    private func events(of causes: [(Cause, path: ByteString)]) throws(Fault) -> [ByteString] {
        var events: [ByteString] = []
        for (cause, path) in causes { events += try Receipt.events(in: path).map { "\(cause.rawValue) \($0)" } }
        return events
    }

    /// How long ago the first and the last of the pending requests were made; nil if there are none.
    ///
    /// The times of files are on the wall clock, which may have jumped since. An age that can't be right counts as zero, so
    /// that the wait starts again rather than ends too early.
    ///
    /// - Parameter longest: No request can be older.
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
    /// - Returns: The number of the run, and the events of all causes, each behind its cause's name; nil if there is no
    ///   cause: then the command must not run.
    public func take(_ job: ByteString) throws(Fault) -> (run: Int, events: [ByteString])? {
        // As nothing runs, what stands there is left over: it could not be put back, or not be removed.
        if try FileStatus(at: running(job)) != nil { try putBack(job) }
        guard try FileStatus(at: pending(job)) != nil else { return nil }
        for path: ByteString in ["\(folder)/taken", "\(folder)/running"] { try Files.makeFolder(path) }
        try Files.rename(pending(job), to: running(job))
        let causes = try self.causes(in: running(job))
        guard !causes.isEmpty else {
            try Files.removeFolder(running(job))
            return nil
        }
        // After the causes were moved: whoever then finds that nothing runs also finds the new number. Before the command
        // starts: it may already read whatever changes from here on.
        let number = try lastRun(of: job) + 1
        try Files.replace(taken(job), with: "\(number)")
        let events = try events(of: causes)
        for (_, path) in causes { try Receipt.note(.taken(run: number), in: path) }
        return (number, events)
    }

    /// The run is over, and what was asked for is done or given up.
    public func finish(_ job: ByteString, run number: Int, status: Int32) throws(Fault) {
        guard try FileStatus(at: running(job)) != nil else { return }
        for (_, path) in try causes(in: running(job)) { try Receipt.note(.over(run: number, status: status), in: path) }
        // Renamed first, so that it goes in one step: a daemon that finds half of it would take it for a request.
        let done = running(".done")
        try Files.removeFolder(done)
        try Files.rename(running(job), to: done)
        try Files.removeFolder(done)
    }

    /// Puts the causes of a run back, to be tried again.
    public func putBack(_ job: ByteString) throws(Fault) {
        for (cause, old) in try causes(in: running(job)) {
            for path in ["\(folder)/pending", pending(job)] { try Files.makeFolder(path) }
            let new: ByteString = "\(pending(job))/\(cause.rawValue)"
            let file = try FileStatus(at: old)
            // They are one file if we were killed, or failed, before we could remove the old name.
            if let file, try !Files.link(old, to: new), try !file.isSame(as: FileStatus(at: new)) {
                // There is a newer request. Programs that wait with the older file are to hear of the next run too.
                _ = try Files.link(old, to: "\(pending(job))/.\(cause.rawValue).\(file.inode)")
            }
            try Files.remove(old)
        }
        try Files.removeFolder(running(job))
    }

    /// The folder of one run: a shell of an earlier one, which may be late, must not find it.
    private func place(of job: ByteString, run number: Int) -> ByteString { "\(running(job))/.run.\(number)" }

    private func processFile(in place: ByteString) -> ByteString { place + "/process" }

    /// Makes a run's folder, and makes sure that there is room for the line that the command's shell writes first. On a full
    /// file system the shell would end there, and the run would count as one that failed.
    ///
    /// - Returns: Where the shell leaves its line of /proc/PID/stat before it becomes the command. If something is there
    ///   already, or the folder has gone, it ends instead.
    /// - Throws: `cannotCreate`.
    public func makeRoom(for job: ByteString, run number: Int) throws(Fault) -> ByteString {
        let place = place(of: job, run: number)
        try Files.makeFolder(place)
        try Files.write(place + "/room", "")
        try Files.remove(place + "/room")
        return processFile(in: place)
    }

    /// Looks for what was running when the last daemon ended. Its causes are to be put back once its command is watched or
    /// has ended.
    ///
    /// - Returns: The command's process, if it still runs.
    public func recover(_ job: ByteString) throws(Fault) -> RunningProcess? {
        guard try FileStatus(at: running(job)) != nil else { return nil }
        let place = try place(of: job, run: lastRun(of: job))
        // No shell was started.
        guard try FileStatus(at: place) != nil else { return nil }
        let file = processFile(in: place)
        // A shell that was started but has not yet made the file finds ours, or that the folder has gone, and ends.
        var line: ByteString = ""
        if try !Files.create(file) {
            // The shell has made the file, and may yet have to write into it.
            for _ in 0..<100 where line.isEmpty {
                line = try Files.read(file)
                if line.isEmpty { Process.pause(.milliseconds(10)) }
            }
        }
        return RunningProcess(stat: line)
    }

    /// The files of causes in a folder, also older ones that were put back beside a newer one.
    private func causes(in folder: ByteString) throws(Fault) -> [(Cause, path: ByteString)] {
        let names = try Files.names(in: folder, hidden: true)
        var causes: [(Cause, path: ByteString)] = []
        for cause in Cause.allCases {
            for name in names where name == cause.rawValue || name.hasPrefix(".\(cause.rawValue).") {
                causes.append((cause, "\(folder)/\(name)"))
            }
        }
        return causes
    }
}

extension ByteString {
    /// Who is behind an event, `ASKER: EVENT`, or the whole of it.
    public var requester: ByteString {
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: ":") {
            if index + 1 < count, bytes[index + 1] == UInt8(ascii: " ") { return ByteString(bytes[..<index]) }
        }
        return self
    }
}
