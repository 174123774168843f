import Basics
import Linux

/// The accepted requests that are not carried out, as files, so that they survive a KILL of any process.
///
/// - `FOLDER/pending/JOB/CAUSE.REQUESTER`: the job must run. The content is the requester's last event; the file's time
///   is the moment of its last request. A request by hand has no requester.
/// - `FOLDER/running/JOB/`: the requests of the present run. `debounced` renames `pending/JOB` to it just before the
///   command starts. Later requests make new files in `pending`, for the next run. After success `debounced` removes
///   the folder, after a failure it returns the files to `pending`.
/// - `FOLDER/taken/JOB`: see `Runs`.
///
/// At any moment each request is in `pending` or in `running`, where the next daemon finds it.
public struct RequestLedger: Sendable {
    /// Why a job is requested: the start of a file's name.
    public enum Cause: ByteString, CaseIterable, Sendable {
        /// `cname-updater request`.
        case manual
        case alias
        /// A lease is new, removed or changed.
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

    /// Writes a request. When this returns, the job will run, even after a KILL of any process.
    /// - Parameter event: One line that says what happened: `REQUESTER: EVENT`.
    /// - Throws: `cannotCreate` if the request can't be written. Then nothing is promised.
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
                // A run that took the folder in between does not cover this request, so it is written again.
                if try FileStatus(at: "\(folder)/\(name)") != nil { return }
            } catch  where error.isMissing {
                for path in [self.folder, "\(self.folder)/pending", folder] { try Files.makeFolder(path) }
            }
        }
    }

    private func write(_ event: ByteString, to name: ByteString, in folder: ByteString) throws(Fault) {
        // The draft lies in the same folder, so that it is moved with the folder.
        let (path, draft): (ByteString, ByteString) = ("\(folder)/\(name)", "\(folder)/.\(name).\(Process.number)")
        guard let old = try FileDescriptor.ifThere(path)
        else { return try Files.replace(path, with: event, draft: draft) }
        // The event is unchanged, or there is no room for a new one: the time of the request counts.
        let isSame = try old.text() == event + "\n"
        if isSame || (try? Files.replace(path, with: event, draft: draft)) == nil { try old.touch() }
    }

    /// Removes the pending requests of a cause.
    /// - Parameter cause: nil for all causes.
    /// - Returns: Whether there was a request.
    /// - Throws: `cannotCreate`.
    @discardableResult public func withdraw(_ cause: Cause?, from job: ByteString) throws(Fault) -> Bool {
        var wasThere = false
        for name in try requests(in: pending(job)) where name.cause == cause?.rawValue ?? name.cause {
            if try Files.remove("\(pending(job))/\(name)") { wasThere = true }
        }
        if wasThere { Files.removeEmptyFolder(pending(job)) }
        return wasThere
    }

    /// Returns whether a request of a cause is pending.
    /// - Throws: `cannotCreate`.
    public func isPending(_ cause: Cause, in job: ByteString) throws(Fault) -> Bool {
        try requests(in: pending(job)).contains { $0.cause == cause.rawValue }
    }

    /// Returns whether a run goes on, or has failed and is tried again.
    /// - Throws: `cannotCreate`.
    public func isRunning(_ job: ByteString) throws(Fault) -> Bool { try FileStatus(at: running(job)) != nil }

    // MARK: For the daemon

    /// Returns the jobs with a pending request, or with a run that the last daemon left.
    /// - Throws: `cannotCreate`.
    public func jobs() throws(Fault) -> [ByteString] { try (pending() + Files.names(in: "\(folder)/running")).uniqued }

    /// Returns the jobs that may have a pending request, sorted.
    /// - Throws: `cannotCreate`.
    public func pending() throws(Fault) -> [ByteString] { try Files.names(in: "\(folder)/pending") }

    /// Returns the last event of each pending requester, after its cause.
    /// - Throws: `cannotCreate`.
    public func events(of job: ByteString) throws(Fault) -> [ByteString] { try events(in: pending(job)) }

    func events(in folder: ByteString) throws(Fault) -> [ByteString] {
        var events: [ByteString] = []
        for name in try requests(in: folder) {
            // The request was cancelled between the two reads.
            guard let text = try Files.readIfThere("\(folder)/\(name)") else { continue }
            events.append("\(name.cause) \(text.lines.first ?? "")")
        }
        return events
    }

    /// Returns the ages of the first and the last pending request; nil if no request is pending. The wall clock may
    /// jump: an impossible age counts as zero, so that the wait starts again and does not end too early.
    /// - Parameter longest: The greatest possible age.
    /// - Throws: `cannotCreate`.
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

    func requests(in folder: ByteString) throws(Fault) -> [ByteString] {
        let names = try Files.names(in: folder)
        return Cause.allCases.flatMap { cause in names.filter { $0.cause == cause.rawValue } }
    }
}

extension RequestLedger {
    public init(folder: ByteString) { self.init(folder: folder, mostRequesters: 32) }
}

extension RequestLedger.Cause {
    /// Requests by hand have no requester: they are all alike.
    var hasRequesters: Bool { self == .alias || self == .lease }

    func fileName(_ event: ByteString) -> ByteString {
        hasRequesters ? "\(rawValue).\(event.requester.fileName)" : rawValue
    }
}

extension ByteString {
    fileprivate var cause: ByteString { split(at: UInt8(ascii: "."))?.before ?? self }

    /// The requester of an event `REQUESTER: EVENT`, else the whole event.
    public var requester: ByteString { firstIndex(of: ": ").map { ByteString(bytes[..<$0]) } ?? self }

    /// The text as a part of a file's name, in at most 200 bytes. Bytes outside of names become `%XX`.
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
