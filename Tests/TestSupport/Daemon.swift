import CLinux

/// A `debounced` with a run directory of its own.
public final class Daemon {
    public let scratch = Scratch()
    public private(set) var program: Program!
    public var run: String { scratch / "run" }
    public var fifo: String { run + "/fifo" }

    /// - Parameter settings: The text of the settings file; nil means no file.
    /// - Parameter wrapper: A command that executes its last arguments, as env(1) does.
    public init(
        _ arguments: [String] = [], settings: String? = nil, starts: Bool = true, under wrapper: [String] = []
    ) throws {
        if let settings { scratch.write("config", settings) }
        if starts { try start(arguments, under: wrapper) }
    }

    /// The updater's section, with paths in the test's folder. More options of the section may follow.
    public var updaterSection: String {
        [
            "config updater", "option confdir \(scratch / "conf")", "option domain lan",
            "option mappings \(scratch / "none")",
        ]
        .joined(separator: "\n") + "\n"
    }

    public var environment: [String: String?] {
        ["DEBOUNCED_RUN_DIR": run, "DEBOUNCED_CONFIG": scratch / "config", "CNAME_UPDATER_RUN_DIR": scratch / "leases"]
    }

    /// Starts the daemon. If it has a `--job` and no settings file, lease events request jobs.
    public func start(_ arguments: [String] = [], under wrapper: [String] = []) throws {
        if arguments.contains("--job"), contents(scratch / "config") == nil {
            scratch.write("config", "config updater 'updater'\n\toption request 'lease'\n")
        }
        program = try spawn(wrapper + [Built.debounced] + arguments)
        try program.line(with: "running as process \(program.process) on \(run)")
    }

    /// Writes new settings and sends HUP. A line of the log follows when the settings are in force.
    public func reload(_ settings: String) {
        scratch.write("config", settings)
        program.signal(SIGHUP)
    }

    /// Starts a program with the daemon's settings and folders. The folders stay until the program has ended.
    public func spawn(_ words: [String]) throws -> Program {
        try Program(words, environment: environment, in: scratch)
    }

    public func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    public func write(_ bytes: [UInt8]) throws {
        let file = linux_open(fifo, O_WRONLY, 0)
        defer { close(file) }
        guard CLinux.write(file, bytes, bytes.count) == bytes.count else { throw Failure("can't write to the FIFO") }
    }

    /// The section of the job `end`, which `linesUntilQuiet` needs. It must be the last job.
    ///
    /// - Parameter quiet: The quiet time in seconds, at least as long as the quiet time of each earlier job.
    public static func lastJob(quiet: String) -> String {
        "\nconfig job end\noption command true\noption quiet \(quiet)\noption max_interval 0\n"
    }

    /// Returns the lines with `text` that come before the quiet time of every earlier request is over. This is how a
    /// test shows that something does not happen: each run that is due starts before the run of the job `end`.
    public func linesUntilQuiet(with text: String) throws -> [String] {
        guard try ask("request", "end").status == 0 else { throw Failure("there is no job 'end'") }
        return try program.lines(with: text, before: "end: done")
    }

    /// Returns the lines with `text` that come before the daemon has read everything in the FIFO. Needs the job `end`.
    /// Does not wait for quiet times.
    public func linesUntilHeard(with text: String) throws -> [String] {
        for verb in ["request", "flush"] {
            guard try ask(verb, "end").status == 0 else { throw Failure("there is no job 'end'") }
        }
        return try program.lines(with: text, before: "end: done")
    }

    /// Waits until a run of the job is scheduled. Returns when it is due, in seconds on the clock of `now()`.
    public func due(of job: String = "j") throws -> Double {
        var due: Double?
        try eventually("\(job) is due") {
            due = state("due", of: job).flatMap { Double($0) }
            return due != nil
        }
        return due!
    }

    public func state(_ name: String, of job: String = "j") -> String? { contents("\(run)/jobs/\(job)/\(name)") }

    /// The number of lines from the FIFO that were no request.
    public var rejected: String? { contents(run + "/rejected") }

    @discardableResult
    public func call(_ words: String...) throws -> (status: Int32, output: String) {
        try TestSupport.run([Built.debounced] + words, environment: environment)
    }

    @discardableResult
    public func ask(
        _ words: String..., with variables: [String: String?] = [:]
    ) throws -> (status: Int32, output: String) {
        let called = try TestSupport.run(
            [Built.updater] + words, environment: environment.merging(variables) { $1 })
        // An event that finds another updater at work leaves it a mark and ends.
        if called.status == 0, variables["ACTION"] != nil {
            try eventually("the aliases are up to date") {
                ["mark", "working"].allSatisfy { contents(scratch / "leases/reconcile/\($0)") == nil }
            }
        }
        return called
    }
}
