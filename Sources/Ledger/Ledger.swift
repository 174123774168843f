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
public struct Ledger: Sendable {
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

    let folder: ByteString
    private let mostRequesters: Int

    /// - Parameters:
    ///   - folder: The run directory of the daemon.
    ///   - mostRequesters: Requesters of a job beyond this limit share one file, `CAUSE.others`.
    public init(folder: ByteString, mostRequesters: Int = 32) {
        self.folder = folder
        self.mostRequesters = mostRequesters
    }

    func pending(_ job: ByteString) -> ByteString { "\(folder)/pending/\(job)" }
    func running(_ job: ByteString) -> ByteString { "\(folder)/running/\(job)" }

    // MARK: For programs that request a job

    /// Writes a request down. When this returns, the job will run, whichever process is killed.
    ///
    /// - Parameter event: One line that says what happened: `REQUESTER: EVENT`.
    /// - Throws: `cannotCreate` if it can't be written: then nothing is promised.
    public func add(_ cause: Cause, to job: ByteString, event: ByteString) throws(Fault) {
        var (path, event) = (path(of: cause, event, in: pending(job)), event)
        while true {
            do throws(Fault) {
                if cause.hasRequesters, try FileStatus(at: path) == nil,
                    try Files.names(in: pending(job)).count >= mostRequesters
                {
                    event = "others: more than can be named"
                    path = self.path(of: cause, event, in: pending(job))
                }
                try write(event, to: path)
                // A run that took the folder meanwhile does not carry this request out.
                if try FileStatus(at: path) != nil { return }
            } catch  where error.isMissing {
                for path in [folder, "\(folder)/pending", pending(job)] { try Files.makeFolder(path) }
            }
        }
    }

    private func write(_ event: ByteString, to path: ByteString) throws(Fault) {
        guard let old = try FileDescriptor.ifThere(path, [.readWrite, .append]) else {
            return try replace(path, with: event)
        }
        // The same event again, or no room for another one: the time of the request counts.
        if try old.text() == event + "\n" || (try? replace(path, with: event)) == nil { try old.touch() }
    }

    /// The draft lies in the same folder, so that it goes with it.
    private func replace(_ path: ByteString, with event: ByteString) throws(Fault) {
        let slash = path.bytes.lastIndex(of: UInt8(ascii: "/"))!
        let (folder, name) = (ByteString(path.bytes[...slash]), ByteString(path.bytes[(slash + 1)...]))
        let draft: ByteString = "\(folder).\(name).\(Process.number)"
        try Files.write(draft, event)
        try Files.rename(draft, to: path)
    }

    func path(of cause: Cause, _ event: ByteString, in folder: ByteString) -> ByteString {
        let path: ByteString = "\(folder)/\(cause.rawValue)"
        return cause.hasRequesters ? "\(path).\(event.requester.fileName)" : path
    }

    /// Takes the requests of a cause back for which no run has begun.
    ///
    /// - Parameter cause: nil for all causes.
    /// - Returns: Whether there was one.
    @discardableResult
    public func withdraw(_ cause: Cause?, from job: ByteString) throws(Fault) -> Bool {
        var wasThere = false
        for name in try requests(in: pending(job)) where name.cause == cause?.rawValue ?? name.cause {
            if try Files.remove("\(pending(job))/\(name)") { wasThere = true }
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
        /// A run goes on, or has failed and will be tried again.
        case taken
    }

    /// - Throws: `cannotCreate`.
    public func standing(of cause: Cause, in job: ByteString) throws(Fault) -> Standing {
        if try FileStatus(at: running(job)) != nil { return .taken }
        guard try requests(in: pending(job)).contains(where: { $0.cause == cause.rawValue }) else { return .absent }
        let runs = try runs(of: job)
        return runs.ended < runs.begun ? .taken : .untouched
    }

    // MARK: For the daemon

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

    /// The last event of each requester whose request is pending, behind its cause's name.
    ///
    /// - Throws: `cannotCreate`.
    public func events(of job: ByteString) throws(Fault) -> [ByteString] {
        try events(in: pending(job))
    }

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
        var ages: [Duration] = []
        for name in try requests(in: pending(job)) {
            guard let status = try FileStatus(at: "\(pending(job))/\(name)") else { continue }
            let age = Process.wallClock - status.changed
            ages.append(age < .zero || age > longest ? .zero : age)
        }
        guard let first = ages.max(), let last = ages.min() else { return nil }
        return (first, last)
    }

    /// The names of a folder's files, cause by cause.
    func requests(in folder: ByteString) throws(Fault) -> [ByteString] {
        let names = try Files.names(in: folder)
        var requests: [ByteString] = []
        for cause in Cause.allCases { requests += names.filter { $0.cause == cause.rawValue } }
        return requests
    }
}

extension Ledger.Cause {
    /// Requests by hand have none: each is the same.
    var hasRequesters: Bool { self == .alias || self == .lease }
}

extension ByteString {
    /// The start of a file's name that says its cause.
    fileprivate var cause: ByteString { split(at: UInt8(ascii: "."))?.before ?? self }

    /// The requester of an event, `REQUESTER: EVENT`, or the whole event.
    public var requester: ByteString {
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: ":") {
            if index + 1 < count, bytes[index + 1] == UInt8(ascii: " ") { return ByteString(bytes[..<index]) }
        }
        return self
    }

    /// The text as a part of a file's name of at most 200 bytes: other bytes than those of names are `%XX`.
    fileprivate var fileName: ByteString {
        var name: [UInt8] = []
        for byte in bytes {
            let isSafe = byte.isNameByte || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
            name += isSafe ? [byte] : [UInt8(ascii: "%"), UInt8(hexDigit: byte >> 4), UInt8(hexDigit: byte & 15)]
        }
        if name.count <= 200 { return ByteString(name) }
        var digest = Digest()
        digest.add(self)
        return ByteString(name[..<160]) + digest.text
    }
}
