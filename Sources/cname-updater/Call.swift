import Basics
import Configuration
import Linux

/// What the command line and the environment ask for.
struct Call {
    enum Verb {
        case help
        case version
        case event
        case request(job: ByteString?, waits: Bool, json: Bool)
        case flush(job: ByteString?, json: Bool)
        case cancel(job: ByteString?, json: Bool)
        case leases(json: Bool)
        case aliases(json: Bool)
        case check(json: Bool)
        case presence(json: Bool)
        case watch
        case isWatchNeeded
        case prepare(confdir: ByteString)
        case apply
        case verify
    }

    private(set) var places: Places
    private(set) var verb: Verb

    /// - Throws: `usage`; `settings` if there is no settings file of that name; `cannotCreate` if XDG_RUNTIME_DIR is another
    ///   user's.
    init(_ words: [ByteString]) throws(Fault) {
        places = try Places()
        var arguments = Arguments(words)
        var plain: [ByteString] = []
        var isHelp = false
        var isVersion = false
        var waits = false
        var isNeeded = false
        var isJSON = false
        while let word = try arguments.next() {
            switch word {
            case _ where arguments.areOptionsOver: plain.append(word)
            case "--help", "-h": isHelp = true
            case "--version": isVersion = true
            case "--wait": waits = true
            case "--needed": isNeeded = true
            case "--json": isJSON = true
            case "--config":
                places.config = try arguments.value()
                places.isConfigGiven = true
            case "--run-dir": places.updater = try arguments.value()
            case _ where word.hasPrefix("-"): throw Call.unknown(word)
            default: plain.append(word)
            }
        }
        let job = plain.count == 2 ? plain[1] : nil
        if isNeeded, plain != ["watch"] || waits || isJSON { throw Call.unknown(words.joined(separator: " ")) }
        switch (plain.first, waits, isJSON) {
        case _ where isHelp: verb = .help
        case _ where isVersion: verb = .version
        case (nil, false, false) where Process.environment("ACTION") != nil: verb = .event
        // At a terminal it is somebody who wants to know what this is: a hook has none.
        case (nil, _, _) where words.isEmpty && Process.isTerminal: verb = .help
        case (nil, _, false): verb = .request(job: nil, waits: waits, json: false)
        case ("request", _, _) where plain.count <= 2: verb = .request(job: job, waits: waits, json: isJSON)
        case ("flush", false, _) where plain.count <= 2: verb = .flush(job: job, json: isJSON)
        case ("cancel", false, _) where plain.count <= 2: verb = .cancel(job: job, json: isJSON)
        case ("leases", false, _) where plain.count == 1: verb = .leases(json: isJSON)
        case ("aliases", false, _) where plain.count == 1: verb = .aliases(json: isJSON)
        case ("check", false, _) where plain.count == 1: verb = .check(json: isJSON)
        case ("presence", false, _) where plain.count == 1: verb = .presence(json: isJSON)
        case ("watch", false, false) where plain.count == 1: verb = isNeeded ? .isWatchNeeded : .watch
        case ("prepare", false, false):
            guard let job else { throw Call.unknown(words.joined(separator: " ")) }
            verb = .prepare(confdir: job)
        case ("apply", false, false) where plain.count == 1: verb = .apply
        case ("verify", false, false) where plain.count == 1: verb = .verify
        default: throw Call.unknown(words.joined(separator: " "))
        }
        try places.checkConfig()
    }

    private static func unknown(_ words: ByteString) -> Fault {
        Fault(.usage, "unknown call '\(words.printable())'; see cname-updater --help")
    }
}
