import Basics
import Configuration
import Debounce
import Linux

/// What the command line asks for.
struct Call {
    enum Verb {
        case help
        case run
        case check
        case status(job: ByteString?, StatusForm)
        case simulate(file: ByteString?, json: Bool)
    }

    enum StatusForm { case table, json, watch }

    private(set) var places = Places()
    private(set) var verb = Verb.run
    /// The jobs of the command line, which then replace those of the settings file.
    private(set) var jobs: [Job] = []
    /// Where the daemon writes what happens.
    private(set) var record: ByteString?

    /// - Throws: `usage`.
    init(_ words: [ByteString]) throws(Fault) {
        var arguments = Arguments(words)
        var plain: [ByteString] = []
        var isHelp = false
        var form = StatusForm.table
        var timing: [(option: ByteString, name: ByteString, value: ByteString)] = []
        while let word = try arguments.next() {
            switch word {
            case "--help", "-h": isHelp = true
            case "--json" where form == .table: form = .json
            case "--watch" where form == .table: form = .watch
            case "--config": places.config = try arguments.value()
            case "--run-dir": places.daemon = try arguments.value()
            case "--record": record = try arguments.value()
            case "--job": jobs.append(try Job(argument: arguments.value()))
            case "--quiet": timing.append((word, "quiet", try arguments.value()))
            case "--max-wait": timing.append((word, "max_wait", try arguments.value()))
            case "--timeout": timing.append((word, "timeout", try arguments.value()))
            case _ where word.hasPrefix("-") && word != "-": throw Call.unknown(word)
            default: plain.append(word)
            }
        }
        for (option, name, value) in timing {
            guard !jobs.isEmpty else {
                throw Fault(.usage, "\(option) goes with --job; for the jobs in the settings it stands there")
            }
            for index in jobs.indices {
                do throws(Fault) {
                    try jobs[index].set(name, value)
                } catch {
                    throw Fault(.usage, "--\(error.message)")
                }
            }
        }
        for (index, job) in jobs.enumerated() where jobs.firstIndex(where: { $0.name == job.name }) != index {
            throw Fault(.usage, "--job '\(job.name)' is there twice")
        }

        switch plain.first {
        case _ where isHelp: verb = .help
        case nil where form == .table: verb = .run
        case "check" where plain.count == 1 && form == .table: verb = .check
        case "status" where plain.count <= 2: verb = .status(job: plain.count == 2 ? plain[1] : nil, form)
        case "simulate" where plain.count <= 2 && form != .watch:
            verb = .simulate(file: plain.count == 2 ? plain[1] : nil, json: form == .json)
        case nil: throw Call.unknown(form == .json ? "--json" : "--watch")
        default: throw Call.unknown(plain.joined(separator: " "))
        }
        if record != nil, !isHelp, let verb = plain.first {
            throw Fault(.usage, "--record goes with the running daemon, not with '\(verb.printable())'")
        }
    }

    /// The settings in force: those of the file, with the jobs of the command line instead of its own.
    func settings() throws(Fault) -> Settings {
        jobs.isEmpty ? try Settings(file: places.config) : Settings(jobs: jobs)
    }

    private static func unknown(_ words: ByteString) -> Fault {
        Fault(.usage, "unknown call '\(words.printable())'; see debounced --help")
    }
}
