import Basics
import Debounce
import Linux

/// One call of a program: its words, its options, and the environment.
public struct Call: Sendable {
    public let places: Places
    /// The command line's jobs as a settings file, which replaces the jobs of the settings; empty if no job is given.
    public let jobs: ByteString
    public fileprivate(set) var words: [ByteString]
    fileprivate let flags: [ByteString]

    fileprivate static let jobOptions: StaticString = """
          --job NAME=COMMAND    a job, instead of those in the settings; repeatable
          --quiet SECONDS       for all jobs of the command line: so long without a request before the command runs
          --max-wait SECONDS    for all of them: never wait longer than this after the first request; 0: no bound;
                                else six times --quiet
          --timeout SECONDS     for all of them: the command is ended after this; 0: never

        """

    /// - Throws: `usage`; `cannotCreate` if XDG_RUNTIME_DIR is needed, and another user's.
    init(_ arguments: Arguments, of program: ByteString) throws(Fault) {
        places = try Places(arguments, of: program)
        words = arguments.words
        flags = arguments.flags
        let given = arguments.values(of: "--job")
        var shared: ByteString = ""
        for name in ["quiet", "max_wait", "timeout"] as [ByteString] {
            let option: ByteString = name == "max_wait" ? "--max-wait" : "--\(name)"
            guard let value = arguments.values(of: option).last else { continue }
            if given.isEmpty {
                throw Fault(.usage, "\(option) goes with --job; for the jobs in the settings it is set there")
            }
            // An empty `option` would be ignored.
            shared += "\tlist \(name) '\(value.quoted)'\n"
        }
        var sections: [ByteString] = []
        for job in given {
            guard let (name, command) = job.split(at: UInt8(ascii: "=")), Job.isName(name),
                OptionKind.line.canonical(command) != nil
            else {
                throw Fault(
                    .usage,
                    "--job '\(job.printable())': allowed is NAME=COMMAND, NAME of letters, digits and _, COMMAND one line "
                        + "for /bin/sh")
            }
            let heading: ByteString = "config job '\(name)'\n"
            if sections.contains(where: { $0.hasPrefix(heading) }) {
                throw Fault(.usage, "--job '\(name)' occurs twice")
            }
            sections.append("\(heading)\toption command '\(command.quoted)'\n\(shared)")
        }
        jobs = sections.joined(separator: "")
        if jobs.isEmpty { return }
        var findings = Findings()
        _ = Settings(jobs, file: "", findings: &findings)
        if let fault = findings.all(.fault).first { throw Fault(.usage, "--\(fault.text)") }
    }

    public func has(_ flag: StaticString) -> Bool { flags.contains { $0 == flag } }

    public var wantsJSON: Bool { has("--json") }

    /// Returns the settings of the file, or the jobs of the command line in their place.
    /// - Parameter findings: Gets the findings in the file.
    /// - Throws: `settings` if the file that the call names is missing, or if the system can't read a file now.
    public func settings(findings: inout Findings) throws(Fault) -> Settings {
        try places.checkConfig()
        return jobs.isEmpty
            ? try Settings(file: places.config, findings: &findings) : Settings(jobs, file: "", findings: &findings)
    }

    /// Returns the settings for a start: see `Settings.forStart`.
    public func settingsForStart() throws(Fault) -> (Settings, log: [ByteString]) {
        var findings = Findings()
        return jobs.isEmpty ? try Settings.forStart(places) : (try settings(findings: &findings), [])
    }

    fileprivate func follows(_ usage: StaticString) -> Bool {
        var (fewest, most, known) = (0, 0, 0)
        for part in ByteString(stringLiteral: usage).words {
            let names = part.parts(keepsEmpty: false) { !$0.isNameByte }
            if names[0].hasPrefix("-") {
                if flags.contains(where: { names.contains($0) }) { known += 1 }
            } else {
                most += 1
                if !part.hasPrefix("[") { fewest += 1 }
            }
        }
        return known == flags.count && fewest <= words.count && words.count <= most
    }

    /// One way to call a program.
    ///
    /// - `name`: Empty for the call without a verb.
    /// - `usage`: The words and options that may follow, as in the help text: `JOB`, `[JOB]`, `[--json]`. Of
    ///   `[--json|--watch]` only one may be given.
    /// - `help`: One line for the help text.
    public typealias Verb = (
        name: StaticString, usage: StaticString, help: StaticString, run: @Sendable (Call) throws(Fault) -> Void
    )

    public static func verb(
        _ name: StaticString, _ usage: StaticString, _ help: StaticString,
        _ run: @escaping @Sendable (Call) throws(Fault) -> Void
    ) -> Verb { (name, usage, help, run) }

    /// Runs the verb of a call, or the first verb. After a fault says why, and ends the process.
    /// - Parameters:
    ///   - options: The options that take a value, besides `--config`.
    ///   - notes: The help text below the verbs, without the options for jobs of the command line.
    public static func run(
        _ program: StaticString, words: [ByteString], verbs: [Verb], options: StaticString, notes: StaticString
    ) {
        do throws(Fault) {
            let valued = ["--config"] + ByteString(stringLiteral: options).words
            let arguments = try Arguments(words, valued: valued)
            func has(_ flag: StaticString) -> Bool { arguments.flags.contains { $0 == flag } }
            if has("--help") || has("-h") {
                let lines = verbs.map { verb in
                    let words = [program, verb.name, verb.usage].map { ByteString(stringLiteral: $0) }
                    let call = words.filter { !$0.isEmpty }.joined(separator: " ").padded(to: 46)
                    return "\(call) \(literal: verb.help)" as ByteString
                }.joined(separator: "\n       ")
                let jobOptions: StaticString = valued.contains("--job") ? Call.jobOptions : ""
                return Log.info("usage: \(lines)\n\n\(literal: jobOptions)\(literal: notes)")
            }
            if has("--version") { return Log.info("\(literal: program) \(Process.version)") }
            var call = try Call(arguments, of: ByteString(stringLiteral: program))
            var verb = verbs[0]
            if let first = call.words.first, !first.isEmpty, let named = verbs.first(where: { first == $0.name }) {
                verb = named
                call.words.removeFirst()
            }
            guard call.follows(verb.usage) else {
                let shown = words.joined(separator: " ").printable()
                throw Fault(.usage, "unknown call '\(shown)'; see \(literal: program) --help")
            }
            try call.places.checkConfig()
            try verb.run(call)
        } catch {
            error.end(program)
        }
    }
}

extension Fault {
    /// Says why the program ends, as JSON if the arguments ask for it, and exits with the status of the fault.
    public func end(_ program: StaticString) -> Never {
        let words = Process.arguments
        let json = words.firstIndex { $0 == "--json" } ?? words.count
        if json < words.firstIndex(where: { $0 == "--" }) ?? words.count {
            Log.answer(status: code.status, message)
        } else {
            Log.error("\(literal: program): \(message)")
        }
        Process.exit(code.status)
    }
}
