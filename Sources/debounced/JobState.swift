import Basics
import Configuration
import Debounce
import Linux

/// What a job is doing, as small files in `RUN/jobs/JOB/` for whoever wants to know. Each is replaced atomically, after
/// the fact that it states, and only when its value has changed.
///
/// - `state`: idle, waiting, running, retrying (after a failure) or slowed (each run led to the next)
/// - `command`, `quiet`: as in the settings
/// - `requests`, `runs`, `failures`: since the daemon's start
/// - `rejected`: lines that the FIFO's door turned away, for whichever job they were meant
/// - `last_exit`: the exit status of the last run, 128 + N if signal N ended it; empty before the first
/// - `last_run`: when that began; `due`: when the command runs, or is ended if it runs; empty if never. Both in seconds on
///   the clock that does not jump: /proc/uptime
/// - `causes`: the events behind the last run, a line each
/// - `all`: all of these but `causes`, as lines `NAME VALUE`. They belong together: who needs two values at once reads them here,
///   since between two files the state may change
struct JobState {
    var requests = 0
    var rejected = 0
    var runs = 0
    var failures = 0
    var lastExit: Int32?
    var lastRun: Instant?
    var causes: [ByteString] = []

    private let folder: ByteString
    /// What stands in the files, in the order of `names`.
    private var published: [ByteString] = []
    private var publishedCauses: [ByteString]?
    /// The fault that was logged last: once is enough.
    private var fault: Fault?

    static let names: [ByteString] = [
        "state", "command", "quiet", "requests", "rejected", "runs", "failures", "last_exit", "last_run", "due",
    ]

    /// - Throws: `cannotCreate` if the files can't be written.
    init(_ job: Job, _ places: Places) throws(Fault) {
        folder = places.state(of: job.name)
        try Files.makeFolder(folder)
        try write(values(job, .idle))
    }

    /// Makes `RUN/jobs`, and removes what an earlier daemon left there.
    static func clear(_ places: Places) throws(Fault) {
        let jobs = places.daemon + "/jobs"
        try Files.makeFolder(jobs)
        for name in try Files.names(in: jobs) { try Files.removeFolder("\(jobs)/\(name)") }
    }

    mutating func publish(_ job: Job, _ phase: Debouncer.Phase) {
        do throws(Fault) {
            try write(values(job, phase))
            fault = nil
        } catch {
            if fault?.errno != error.errno { Log.error("\(error.message); goes on without showing its state") }
            fault = error
            // Nobody knows which of them stand now.
            published = []
        }
    }

    func remove() {
        do throws(Fault) {
            try Files.removeFolder(folder)
        } catch {
            Log.error(error.message)
        }
    }

    private func values(_ job: Job, _ phase: Debouncer.Phase) -> [ByteString] {
        let state: ByteString
        var due: Instant?
        switch phase {
        case .idle: state = "idle"
        case .waiting(let moment): (state, due) = ("waiting", moment)
        case .paused(.retrying, let moment): (state, due) = ("retrying", moment)
        case .paused(.slowed, let moment): (state, due) = ("slowed", moment)
        case .running(let moment): (state, due) = ("running", moment)
        }
        return [
            state, job.command, "\(job.quiet)", "\(requests)", "\(rejected)", "\(runs)", "\(failures)",
            lastExit.map { "\($0)" } ?? "", lastRun.map { "\($0.sinceStart)" } ?? "",
            due.map { "\($0.sinceStart)" } ?? "",
        ]
    }

    /// Who sees one of the files change finds the new values in `all`, too.
    private mutating func write(_ values: [ByteString]) throws(Fault) {
        if causes != publishedCauses {
            try Files.replace("\(folder)/causes", with: causes.joined(separator: "\n"))
            publishedCauses = causes
        }
        if values == published { return }
        var lines: [ByteString] = []
        for (index, name) in JobState.names.enumerated() { lines.append("\(name) \(values[index])") }
        try Files.replace("\(folder)/all", with: lines.joined(separator: "\n"))
        // No value has a newline.
        if published.isEmpty { published = values.map { _ in "\n" } }
        for (index, name) in JobState.names.enumerated() where published[index] != values[index] {
            try Files.replace("\(folder)/\(name)", with: values[index])
            published[index] = values[index]
        }
    }
}
