import Basics
import Configuration
import Debounce
import Linux

/// What the command line asks for.
struct Call {
    enum Verb {
        case help
        case version
        case run
        case check(json: Bool)
        case status(job: ByteString?, StatusForm)
    }

    enum StatusForm { case table, json, watch }

    private(set) var places: Places
    private(set) var verb = Verb.run
    /// The jobs of the command line, which then replace those of the settings file.
    private(set) var jobs: [JobSection] = []

    /// - Throws: `usage`; `cannotCreate` if XDG_RUNTIME_DIR is another user's.
    init(_ words: [ByteString]) throws(Fault) {
        places = try Places()
        var arguments = Arguments(words)
        var plain: [ByteString] = []
        var isHelp = false
        var isVersion = false
        var form = StatusForm.table
        // For all jobs: options, and the value of each.
        var timing: [ByteString] = []
        var times: [ByteString] = []
        while let word = try arguments.next() {
            switch word {
            case _ where arguments.areOptionsOver: plain.append(word)
            case "--help", "-h": isHelp = true
            case "--version": isVersion = true
            case "--json" where form == .table: form = .json
            case "--watch" where form == .table: form = .watch
            case "--config":
                places.config = try arguments.value()
                places.isConfigGiven = true
            case "--run-dir": places.daemon = try arguments.value()
            case "--job": jobs.append(try JobSection(argument: arguments.value()))
            case "--quiet", "--max-wait", "--timeout":
                timing.append(word)
                times.append(try arguments.value())
            case _ where word.hasPrefix("-") && word != "-": throw Call.unknown(word)
            default: plain.append(word)
            }
        }
        for (place, option) in timing.enumerated() {
            // Named as in the settings, but for the dashes.
            let name = ByteString(Array(option.bytes[2...]).map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 })
            guard !jobs.isEmpty else {
                throw Fault(.usage, "\(option) goes with --job; for the jobs in the settings it stands there")
            }
            for job in jobs {
                if let fault = job.set(name, times[place]) { throw Fault(.usage, "--\(fault)") }
            }
        }
        for job in jobs {
            let isSet = timing.contains { $0 == "--max-wait" }
            if let fault = job.completed(isSet: isSet) { throw Fault(.usage, "--\(fault)") }
        }
        for (index, job) in jobs.enumerated() where jobs.firstIndex(where: { $0.name == job.name }) != index {
            throw Fault(.usage, "--job '\(job.name)' is there twice")
        }

        switch plain.first {
        case _ where isHelp: verb = .help
        case _ where isVersion: verb = .version
        case nil where form == .table: verb = .run
        case "check" where plain.count == 1 && form != .watch: verb = .check(json: form == .json)
        case "status" where plain.count <= 2: verb = .status(job: plain.count == 2 ? plain[1] : nil, form)
        case nil: throw Call.unknown(form == .json ? "--json" : "--watch")
        default: throw Call.unknown(plain.joined(separator: " "))
        }
    }

    /// The settings of the file, with the jobs of the command line instead of its own.
    ///
    /// - Parameter findings: What is found in the file is added.
    /// - Throws: `settings` if the system can't read a file now.
    func settings(_ findings: inout Findings) throws(Fault) -> Settings {
        try places.checkConfig()
        return jobs.isEmpty ? try Settings(file: places.config, &findings) : Settings(jobs: jobs)
    }

    private static func unknown(_ words: ByteString) -> Fault {
        Fault(.usage, "unknown call '\(words.printable())'; see debounced --help")
    }
}
