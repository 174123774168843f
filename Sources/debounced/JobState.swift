import Basics
import Configuration
import Debounce
import Linux

/// What a job is doing, as small files in `FOLDER/jobs/JOB/` for whoever wants to know. Each is replaced atomically, after
/// the fact that it states, and only when its value has changed.
///
/// - `state`: idle, waiting, running, retrying (after a failure) or throttled (requested again and again)
/// - `command`, `quiet`: as in the settings
/// - `requests`, `runs`, `failures`: since the daemon's start
/// - `saved`: requests that led to no run of their own, as of the last run that is over
/// - `last_exit`: the exit status of the last run, 128 + N if signal N ended it; empty before the first
/// - `last_run`: when that began; `due`: when the command runs, or is ended if it runs; empty if never. Both in seconds on
///   the clock that does not jump: /proc/uptime
/// - `causes`: the events behind the last run, a line each
/// - `all`: all of these but `causes`, as lines `NAME VALUE`. Whoever needs two values of one moment reads them here: between
///   two files the state may change
final class JobState {
    var requests: UInt64 = 0
    var runs: UInt64 = 0
    var failures: UInt64 = 0
    /// The number of requests when the last run began: it covers all of them.
    var covered: UInt64 = 0
    var saved: UInt64 = 0
    var lastExit: Int32?
    var lastRun: Instant?
    var causes: [ByteString] = []

    private let folder: ByteString
    /// What the folder is called while it is removed.
    private let done: ByteString
    /// What stands in the files; empty if that is not known.
    private var published: [ByteString] = []
    private var faults = FaultLog()

    static let names: ByteString = "state command quiet requests runs failures saved last_exit last_run due"

    /// - Throws: `cannotCreate` if the files can't be written. Then none is left.
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

    /// Makes `FOLDER/jobs`, and removes what an earlier daemon left there.
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

    /// Takes the job from sight in one step: whoever still sees a part of it could ask for a job that is gone.
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
        // `all` before the others: a reader that sees one of them change finds the new values there, too.
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
