import Basics
import Linux

/// The requests that were accepted and not yet carried out, as files that outlive whichever process is killed.
///
/// - `FOLDER/pending/JOB/CAUSE.REQUESTER`: the job must run. The content is the requester's last event, the time that of
///   its last request. A request by hand has no requester.
/// - `FOLDER/running/JOB/`: what the run that goes on carries out. `debounced` renames `pending/JOB` to it just before the
///   command starts; a request from then on makes a new file, which belongs to the next run. After success `debounced`
///   removes the folder, after a failure it puts the files back.
/// - `FOLDER/taken/JOB`: see `Runs`.
///
/// So at any moment what must still be done stands in one of the first two, and a daemon that starts takes it up.
public struct RequestLedger: Sendable {
    /// Why a job is requested, as the start of a file's name.
    public enum Cause: ByteString, CaseIterable, Sendable {
        /// `cname-updater request`.
        case manual
        /// The wanted aliases changed.
        case alias
        /// A lease is new, gone or changed.
        case lease
        /// A line written into the FIFO by hand.
        case fifo
    }

    /// The run directory of the daemon.
    let folder: ByteString
    /// Requesters of a job beyond this limit share one file, `CAUSE.others`.
    let mostRequesters: Int

    func pending(_ job: ByteString) -> ByteString { "\(folder)/pending/\(job)" }
    func running(_ job: ByteString) -> ByteString { "\(folder)/running/\(job)" }

    // MARK: For programs that request a job

    /// Writes a request down. When this returns, the job will run, whichever process is killed.
    ///
    /// - Parameter event: One line that says what happened: `REQUESTER: EVENT`.
    /// - Throws: `cannotCreate` if it can't be written: then nothing is promised.
    public func add(_ cause: Cause, to job: ByteString, event: ByteString) throws(Fault) {
        let folder = pending(job)
        var (name, event) = (cause.fileName(event), event)
        while true {
            do throws(Fault) {
                if cause.hasRequesters, try FileStatus(at: "\(folder)/\(name)") == nil,
                    try Files.names(in: folder).count >= mostRequesters
                {
                    event = "others: more than can be named"
                    name = cause.fileName(event)
                }
                try write(event, to: name, in: folder)
                // A run that took the folder meanwhile does not carry this request out.
                if try FileStatus(at: "\(folder)/\(name)") != nil { return }
            } catch  where error.isMissing {
                for path in [self.folder, "\(self.folder)/pending", folder] { try Files.makeFolder(path) }
            }
        }
    }

    private func write(_ event: ByteString, to name: ByteString, in folder: ByteString) throws(Fault) {
        // The draft lies in the same folder, so that it goes with it.
        let (path, draft): (ByteString, ByteString) = ("\(folder)/\(name)", "\(folder)/.\(name).\(Process.number)")
        guard let old = try FileDescriptor.ifThere(path)
        else { return try Files.replace(path, with: event, draft: draft) }
        // The same event again, or no room for another one: the time of the request counts.
        let isSame = try old.text() == event + "\n"
        if isSame || (try? Files.replace(path, with: event, draft: draft)) == nil { try old.touch() }
    }

    /// Takes the requests of a cause back for which no run has begun.
    ///
    /// - Parameter cause: nil for all causes.
    /// - Returns: Whether there was one.
    @discardableResult public func withdraw(_ cause: Cause?, from job: ByteString) throws(Fault) -> Bool {
        var wasThere = false
        for name in try requests(in: pending(job)) where name.cause == cause?.rawValue ?? name.cause {
            if try Files.remove("\(pending(job))/\(name)") { wasThere = true }
        }
        if wasThere { Files.removeEmptyFolder(pending(job)) }
        return wasThere
    }

    /// Whether a request of a cause is pending.
    ///
    /// - Throws: `cannotCreate`.
    public func isPending(_ cause: Cause, in job: ByteString) throws(Fault) -> Bool {
        try requests(in: pending(job)).contains { $0.cause == cause.rawValue }
    }

    /// Whether a run of the job goes on, or has failed and is tried again.
    ///
    /// - Throws: `cannotCreate`.
    public func isRunning(_ job: ByteString) throws(Fault) -> Bool { try FileStatus(at: running(job)) != nil }

    // MARK: For the daemon

    /// The jobs for which something is pending or was running when the last daemon ended.
    public func jobs() throws(Fault) -> [ByteString] { try (pending() + Files.names(in: "\(folder)/running")).uniqued }

    /// The jobs for which something may be pending, sorted.
    public func pending() throws(Fault) -> [ByteString] { try Files.names(in: "\(folder)/pending") }

    /// The last event of each requester whose request is pending, behind its cause's name.
    ///
    /// - Throws: `cannotCreate`.
    public func events(of job: ByteString) throws(Fault) -> [ByteString] { try events(in: pending(job)) }

    func events(in folder: ByteString) throws(Fault) -> [ByteString] {
        var events: [ByteString] = []
        for name in try requests(in: folder) {
            // Gone between two looks: taken back.
            guard let text = try Files.readIfThere("\(folder)/\(name)") else { continue }
            events.append("\(name.cause) \(text.lines.first ?? "")")
        }
        return events
    }

    /// How long ago the first and the last of the pending requests were made; nil if there are none.
    ///
    /// The times of files are on the wall clock, which may have jumped since. An age that can't be right counts as zero, so
    /// that the wait starts again rather than ends too early.
    ///
    /// - Parameter longest: No request can be older.
    public func age(of job: ByteString, longest: Duration) throws(Fault) -> (first: Duration, last: Duration)? {
        var ages: (first: Duration, last: Duration)?
        for name in try requests(in: pending(job)) {
            guard let status = try FileStatus(at: "\(pending(job))/\(name)") else { continue }
            let age = Process.wallClock - status.changed
            let counted: Duration = age < .zero || age > longest ? .zero : age
            ages = (max(ages?.first ?? counted, counted), min(ages?.last ?? counted, counted))
        }
        return ages
    }

    /// The names of a folder's files, cause by cause.
    func requests(in folder: ByteString) throws(Fault) -> [ByteString] {
        let names = try Files.names(in: folder)
        return Cause.allCases.flatMap { cause in names.filter { $0.cause == cause.rawValue } }
    }
}

extension RequestLedger {
    /// - Parameter folder: The run directory of the daemon.
    public init(folder: ByteString) { self.init(folder: folder, mostRequesters: 32) }
}

extension RequestLedger.Cause {
    /// Requests by hand have none: each is the same.
    var hasRequesters: Bool { self == .alias || self == .lease }

    /// The name of the file of a request.
    func fileName(_ event: ByteString) -> ByteString {
        hasRequesters ? "\(rawValue).\(event.requester.fileName)" : rawValue
    }
}

extension ByteString {
    /// The start of a file's name that says its cause.
    fileprivate var cause: ByteString { split(at: UInt8(ascii: "."))?.before ?? self }

    /// The requester of an event, `REQUESTER: EVENT`, or the whole event.
    public var requester: ByteString { firstIndex(of: ": ").map { ByteString(bytes[..<$0]) } ?? self }

    /// The text as a part of a file's name of at most 200 bytes: other bytes than those of names are `%XX`.
    fileprivate var fileName: ByteString {
        var name: [UInt8] = []
        for byte in bytes {
            let isSafe = byte.isNameByte || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
            name += isSafe ? [byte] : ("%" + ByteString(hexadecimal: UInt64(byte), digits: 2)).bytes
        }
        if name.count <= 200 { return ByteString(name) }
        return ByteString(name[..<160]) + digest
    }
}
