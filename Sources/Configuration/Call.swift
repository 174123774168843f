import Basics
import Debounce
import Linux

/// One call of a program: what its words and the environment say.
public struct Call: Sendable {
    public let places: Places
    /// The jobs of the command line, which replace those of the settings, as a settings file; empty if there are none.
    public let jobs: ByteString
    /// The words after the verb.
    public fileprivate(set) var words: [ByteString]
    fileprivate let flags: [ByteString]

    /// - Throws: `usage`; `cannotCreate` if XDG_RUNTIME_DIR is needed, and another user's.
    init(_ arguments: Arguments, of program: ByteString) throws(Fault) {
        places = try Places(arguments, of: program)
        words = arguments.words
        flags = arguments.flags
        var jobs: ByteString = ""
        var shared: ByteString = ""
        for name in ["quiet", "max-wait", "timeout"] as [ByteString] {
            guard let value = arguments.values(of: "--\(name)").last else { continue }
            if arguments.values(of: "--job").isEmpty {
                throw Fault(.usage, "--\(name) goes with --job; for the jobs in the settings it stands there")
            }
            // An empty option would be ignored.
            shared += "\tlist \(name == "max-wait" ? "max_wait" : name) '\(value.quoted)'\n"
        }
        var names: [ByteString] = []
        for job in arguments.values(of: "--job") {
            guard let (name, command) = job.split(at: UInt8(ascii: "=")), Job.isName(name),
                Option.Kind.line.canonical(command) != nil
            else {
                throw Fault(
                    .usage,
                    "--job '\(job.printable())': allowed is NAME=COMMAND, NAME of letters, digits and _, COMMAND one line "
                        + "for /bin/sh")
            }
            if names.contains(where: { $0 == name }) { throw Fault(.usage, "--job '\(name)' is there twice") }
            names.append(name)
            jobs += "config job '\(name)'\n\toption command '\(command.quoted)'\n\(shared)"
        }
        self.jobs = jobs
        if jobs.isEmpty { return }
        var findings = Findings()
        _ = Settings(jobs, file: "", &findings)
        if let fault = findings.all(.fault).first { throw Fault(.usage, "--\(fault.text)") }
    }

    /// Whether an option without a value was given.
    public func has(_ flag: StaticString) -> Bool { flags.contains { $0 == flag } }

    public var wantsJSON: Bool { has("--json") }

    /// The settings of the file, or the jobs of the command line in their place.
    ///
    /// - Parameter findings: What is found in the file is added.
    /// - Throws: `settings` if the call names a file that is not there, or if the system can't read a file now.
    public func settings(_ findings: inout Findings) throws(Fault) -> Settings {
        try places.checkConfig()
        return jobs.isEmpty ? try Settings(file: places.config, &findings) : Settings(jobs, file: "", &findings)
    }

    /// The same for a start: see `Settings.forStart`.
    public func settingsForStart() throws(Fault) -> (Settings, log: [ByteString]) {
        if jobs.isEmpty { return try Settings.forStart(places) }
        var findings = Findings()
        return (Settings(jobs, file: "", &findings), [])
    }
}

/// One way to call a program.
public final class Verb: Sendable {
    fileprivate let name: StaticString
    fileprivate let usage: StaticString
    fileprivate let help: StaticString
    fileprivate let run: @Sendable (Call) throws(Fault) -> Void

    /// - Parameters:
    ///   - name: Empty for the call without a verb.
    ///   - usage: What may follow, as the help text shows it: a word as `JOB` or `[JOB]`, an option without a value as
    ///     `[--json]`. Of `[--json|--watch]` only one may be given.
    ///   - help: One line for the help text.
    public init(
        _ name: StaticString, _ usage: StaticString, _ help: StaticString,
        _ run: @escaping @Sendable (Call) throws(Fault) -> Void
    ) {
        self.name = name
        self.usage = usage
        self.help = help
        self.run = run
    }

    /// Whether so many words, and these options, may follow.
    fileprivate func allows(words count: Int, _ flags: [ByteString]) -> Bool {
        var (fewest, most, known) = (0, 0, 0)
        for part in ByteString(stringLiteral: usage).words {
            let names = part.parts(keepsEmpty: false) {
                $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: "]")
            }
            if names[0].hasPrefix("-") {
                if flags.contains(where: { names.contains($0) }) { known += 1 }
            } else {
                most += 1
                if !part.hasPrefix("[") { fewest += 1 }
            }
        }
        return known == flags.count && fewest <= count && count <= most
    }

    /// Its line of the help text.
    fileprivate func line(_ program: StaticString) -> ByteString {
        let words = [program, name, usage].map { ByteString(stringLiteral: $0) }.filter { !$0.isEmpty }
        return words.joined(separator: " ").padded(to: 46) + " " + ByteString(stringLiteral: help)
    }
}

extension [Verb] {
    /// Does what the words ask for; the first verb is for a call without one. If that fails, says why and ends the process.
    ///
    /// - Parameters:
    ///   - options: Those that take a value, besides `--config`.
    ///   - notes: The help text after the lines of the verbs.
    public func run(_ program: StaticString, _ words: [ByteString], options: StaticString, notes: StaticString) {
        do throws(Fault) {
            try obey(program, words, options, notes)
        } catch {
            error.end(program)
        }
    }

    private func obey(
        _ program: StaticString, _ words: [ByteString], _ options: StaticString, _ notes: StaticString
    ) throws(Fault) {
        let arguments = try Arguments(words, valued: ["--config"] + ByteString(stringLiteral: options).words)
        func has(_ flag: StaticString) -> Bool { arguments.flags.contains { $0 == flag } }
        if has("--help") || has("-h") {
            let lines = map { $0.line(program) }.joined(separator: "\n       ")
            return Log.info("usage: \(lines)\n\n\(literal: notes)")
        }
        if has("--version") { return Log.info("\(literal: program) \(Process.version)") }
        var call = try Call(arguments, of: ByteString(stringLiteral: program))
        var verb = self[0]
        if let first = call.words.first, !first.isEmpty, let named = self.first(where: { first == $0.name }) {
            verb = named
            call.words.removeFirst()
        }
        guard verb.allows(words: call.words.count, call.flags) else {
            let shown = words.joined(separator: " ").printable()
            throw Fault(.usage, "unknown call '\(shown)'; see \(literal: program) --help")
        }
        try call.places.checkConfig()
        try verb.run(call)
    }
}

extension Fault {
    /// Says why the program ends, as JSON if the arguments ask for that, and ends it with the exit status that says so.
    public func end(_ program: StaticString) -> Never {
        let words = Process.arguments
        // Even if the call makes no sense.
        let json = words.firstIndex { $0 == "--json" } ?? words.count
        if json < words.firstIndex(where: { $0 == "--" }) ?? words.count {
            Log.answer(status: code.status, message)
        } else {
            Log.error("\(literal: program): \(message)")
        }
        Process.exit(code.status)
    }
}
