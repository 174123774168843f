import Basics
import Linux

/// One call of a program: what its words and the environment say.
public struct Call: Sendable {
    public var places: Places
    public var jobOptions = JobOptions()
    /// The words after the verb.
    public fileprivate(set) var words: [ByteString] = []
    /// The options without a value, each once.
    fileprivate var flags: [ByteString] = []

    /// Whether an option without a value was given.
    public func has(_ flag: StaticString) -> Bool { flags.contains { $0 == flag } }

    public var wantsJSON: Bool { has("--json") }

    /// The jobs of the command line, which replace those of the settings file.
    public var jobs: [JobSection] { jobOptions.jobs }

    /// The settings of the file, with the jobs of the command line instead of its own.
    ///
    /// - Parameter findings: What is found in the file is added.
    /// - Throws: `settings` if the call names a file that is not there, or if the system can't read a file now.
    public func settings(_ findings: inout Findings) throws(Fault) -> Settings {
        try places.checkConfig()
        return jobs.isEmpty ? try Settings(file: places.config, &findings) : Settings(jobs: jobs)
    }
}

/// One way to call a program: a row of its `CallTable`.
public struct Verb {
    fileprivate let name: StaticString
    fileprivate let usage: StaticString
    fileprivate let help: StaticString
    fileprivate let run: (Call) throws(Fault) -> Void

    /// - Parameters:
    ///   - name: Empty for the call without a verb.
    ///   - usage: What may follow, as the help text shows it: a word as `JOB` or `[JOB]`, an option without a value as
    ///     `[--json]`. Of `[--json|--watch]` only one may be given.
    ///   - help: One line for the help text.
    public init(
        _ name: StaticString, _ usage: StaticString, _ help: StaticString,
        _ run: @escaping (Call) throws(Fault) -> Void
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

/// All ways to call a program.
public struct CallTable {
    private let program: StaticString
    private let verbs: [Verb]
    private let notes: StaticString
    private let takesOption: (ByteString, inout Call, inout Arguments) throws(Fault) -> Bool

    /// - Parameters:
    ///   - notes: The help text after the lines of the verbs.
    ///   - takesOption: Takes an option and its value if the program has that option.
    public init(
        _ program: StaticString, _ verbs: [Verb], notes: StaticString,
        takesOption: @escaping (ByteString, inout Call, inout Arguments) throws(Fault) -> Bool
    ) {
        self.program = program
        self.verbs = verbs
        self.notes = notes
        self.takesOption = takesOption
    }

    /// Does what the words ask for. If that fails, says why and ends the process.
    public func run(_ words: [ByteString]) {
        do throws(Fault) {
            try obey(words)
        } catch {
            error.end(program)
        }
    }

    private func obey(_ words: [ByteString]) throws(Fault) {
        var call = Call(places: try Places())
        var plain: [ByteString] = []
        var arguments = Arguments(words)
        while let word = try arguments.next() {
            if arguments.areOptionsOver || !word.hasPrefix("-") || word == "-" {
                plain.append(word)
            } else if word == "--config" {
                call.places.config = try arguments.value()
                call.places.isConfigGiven = true
            } else if try !takesOption(word, &call, &arguments), !call.flags.contains(word) {
                call.flags.append(word)
            }
        }
        if call.has("--help") || call.has("-h") { return Log.info(help) }
        if call.has("--version") { return Log.info("\(literal: program) \(Process.version)") }
        try call.jobOptions.complete()
        let first = plain.first ?? ""
        call.words = plain
        var verb = verbs[0]
        if let named = verbs.first(where: { first == $0.name }), !first.isEmpty {
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

    private var help: ByteString {
        "usage: " + verbs.map { $0.line(program) }.joined(separator: "\n       ") + "\n\n"
            + ByteString(stringLiteral: notes)
    }
}

extension Fault {
    /// Says why the program ends, as JSON if the arguments ask for that, and ends it with the exit status that says so.
    public func end(_ program: StaticString) -> Never {
        if Arguments.wantJSON(Process.arguments) {
            Log.answer(status: code.status, message)
        } else {
            Log.error("\(literal: program): \(message)")
        }
        Process.exit(code.status)
    }
}
