import Basics
import Configuration
import Debounce
import Linux

/// Publishes what a job is doing, as small files in `FOLDER/jobs/JOB/`. Each file is replaced in one step, after the
/// fact that it states, and only when its value has changed.
///
/// - `state`: idle, waiting, running, retrying (after a failure) or throttled (requested again and again)
/// - `command`, `quiet`: as in the settings
/// - `requests`, `runs`, `failures`: since the daemon's start
/// - `saved`: requests without a run of their own, as of the end of the last run
/// - `last_exit`: the exit status of the last run, 128 + N if signal N ended it; empty before the first run
/// - `last_run`: when the last run began; `due`: when the command runs or, during a run, is ended; empty if never, in
///   seconds on the clock of /proc/uptime
/// - `causes`: the events behind the last run, a line each
/// - `all`: lines `NAME VALUE` for these files without `causes`: values of one moment
final class JobState {
    var requests: UInt64 = 0
    var runs: UInt64 = 0
    var failures: UInt64 = 0
    /// The number of requests when the last run began, which covers them all.
    var covered: UInt64 = 0
    var saved: UInt64 = 0
    var lastExit: Int32?
    var lastRun: Instant?
    var causes: [ByteString] = []

    private let folder: ByteString
    private let done: ByteString
    /// The texts of the files; empty if they are not known.
    private var published: [ByteString] = []
    private var faults = FaultLog()

    static let names: ByteString = "state command quiet requests runs failures saved last_exit last_run due"

    /// - Throws: `cannotCreate` if the files can't be written. Then no file is left.
    init(_ job: Job, places: Places) throws(Fault) {
        folder = places.state(of: job.name)
        done = places.state(of: ".done")
        try Files.makeFolder(folder)
        do throws(Fault) {
            try write(job, phase: .idle)
        } catch {
            remove()
            throw error
        }
    }

    static func clear(_ places: Places) throws(Fault) {
        let jobs = places.daemon + "/jobs"
        try Files.makeFolder(jobs)
        try Files.removeFolder(jobs)
        try Files.makeFolder(jobs)
    }

    func publish(_ job: Job, phase: Debouncer.Phase) {
        do throws(Fault) {
            try write(job, phase: phase)
            faults.clear()
        } catch {
            faults.error("\(error.message); goes on without showing its state", about: Int64(error.errno))
            published = []
        }
    }

    /// Removes the folder in one step, so that no program finds a part of a job that is gone.
    func remove() {
        attempt { () throws(Fault) in
            try Files.rename(folder, to: done)
            try Files.removeFolder(done)
        }
    }

    private func write(_ job: Job, phase: Debouncer.Phase) throws(Fault) {
        func text(_ moment: Instant?) -> ByteString { moment.map { $0.json } ?? "" }
        let values: [ByteString] = [
            phase.name, job.command, "\(job.quiet)", "\(requests)", "\(runs)", "\(failures)", "\(saved)",
            lastExit.map { "\($0)" } ?? "", text(lastRun), text(phase.end),
        ]
        let names = JobState.names.words
        let all = names.indices.map { "\(names[$0]) \(values[$0])" as ByteString }
        // `all` first: a program that sees another file change finds the new values in `all`.
        let files = ["causes", "all"] + names
        let texts = [causes.joined(separator: "\n"), all.joined(separator: "\n")] + values
        for index in files.indices where published.isEmpty || published[index] != texts[index] {
            try Files.replace("\(folder)/\(files[index])", with: texts[index])
        }
        published = texts
    }
}

extension Debouncer.Phase {
    fileprivate var name: ByteString {
        switch self {
        case .idle: "idle"
        case .waiting: "waiting"
        case .throttled: "throttled"
        case .retrying: "retrying"
        case .running: "running"
        }
    }
}
