import CLinux

/// A `debounced` with a run directory of its own.
public final class Daemon {
    public let scratch = Scratch()
    public private(set) var program: Program!
    public var run: String { scratch / "run" }
    public var fifo: String { run + "/fifo" }

    /// - Parameter settings: What the settings file says; nil if there is none.
    /// - Parameter wrapper: A command that executes the words after it (exec(3)).
    public init(
        _ arguments: [String] = [], settings: String? = nil, starts: Bool = true, under wrapper: [String] = []
    ) throws {
        if let settings { scratch.write("config", settings) }
        if starts { try start(arguments, under: wrapper) }
    }

    /// The updater's settings, by which it keeps to the daemon's folder. More options of the section may follow.
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

    /// Jobs of the command line are asked for by leases, unless a settings file says otherwise.
    public func start(_ arguments: [String] = [], under wrapper: [String] = []) throws {
        if arguments.contains("--job"), contents(scratch / "config") == nil {
            scratch.write("config", "config updater 'updater'\n\toption request 'lease'\n")
        }
        program = try spawn(wrapper + [Built.debounced] + arguments)
        try program.line(with: "running as process \(program.process) on \(run)")
    }

    /// Writes other settings, and sends HUP. The log tells when they are in force.
    public func reload(_ settings: String) {
        scratch.write("config", settings)
        program.signal(SIGHUP)
    }

    /// Starts a program with the daemon's settings and folders, which are kept until it has ended.
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

    /// The job that `linesUntilQuiet` needs, to be listed after the others.
    ///
    /// - Parameter quiet: At least as long as that of the jobs before it.
    public static func lastJob(quiet: String) -> String {
        "\nconfig job end\noption command true\noption quiet \(quiet)\noption max_interval 0\n"
    }

    /// The lines with `text` that come until everything asked for so far has had its quiet time. It is for tests of
    /// what must not happen: it asks for the job `end`, and whatever else is due starts before that.
    public func linesUntilQuiet(with text: String) throws -> [String] {
        guard try ask("request", "end").status == 0 else { throw Failure("there is no job 'end'") }
        return try program.lines(with: text, before: "end: done")
    }

    /// The lines with `text` that come until the daemon has heard all that was written to the FIFO so far. It needs the job
    /// `end`, and says nothing of requests that still wait for their quiet time.
    public func linesUntilHeard(with text: String) throws -> [String] {
        for verb in ["request", "flush"] {
            guard try ask(verb, "end").status == 0 else { throw Failure("there is no job 'end'") }
        }
        return try program.lines(with: text, before: "end: done")
    }

    /// Waits until it shows when the job is due, which is in seconds on the clock of `now`.
    public func due(of job: String = "j") throws -> Double {
        var due: Double?
        try eventually("\(job) is due") {
            due = state("due", of: job).flatMap { Double($0) }
            return due != nil
        }
        return due!
    }

    public func state(_ name: String, of job: String = "j") -> String? { contents("\(run)/jobs/\(job)/\(name)") }

    /// How many lines from the FIFO were no request.
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
        // If another updater brings the aliases up to date, as at the daemon's start, an event leaves it a mark, and ends.
        if called.status == 0, variables["ACTION"] != nil {
            try eventually("the aliases are up to date") {
                ["mark", "working"].allSatisfy { contents(scratch / "leases/reconcile/\($0)") == nil }
            }
        }
        return called
    }
}
