import Basics
import Configuration
import Linux

/// What the command line and the environment ask for.
struct Call {
    enum Verb {
        case help
        case event
        case request(job: ByteString?, waits: Bool)
        case flush(job: ByteString?)
        case cancel(job: ByteString?)
        case leases(json: Bool)
        case aliases(json: Bool)
        case check
        case watch
    }

    private(set) var places = Places()
    private(set) var verb: Verb

    /// - Throws: `usage`.
    init(_ words: [ByteString]) throws(Fault) {
        var arguments = Arguments(words)
        var plain: [ByteString] = []
        var isHelp = false
        var waits = false
        var isJSON = false
        while let word = try arguments.next() {
            switch word {
            case "--help", "-h": isHelp = true
            case "--wait": waits = true
            case "--json": isJSON = true
            case "--config": places.config = try arguments.value()
            case "--run-dir": places.updater = try arguments.value()
            case _ where word.hasPrefix("-"): throw Call.unknown(word)
            default: plain.append(word)
            }
        }
        let job = plain.count == 2 ? plain[1] : nil
        switch (plain.first, waits, isJSON) {
        case _ where isHelp: verb = .help
        case (nil, false, false) where Process.environment("ACTION") != nil: verb = .event
        case (nil, _, false): verb = .request(job: nil, waits: waits)
        case ("request", _, false) where plain.count <= 2: verb = .request(job: job, waits: waits)
        case ("flush", false, false) where plain.count <= 2: verb = .flush(job: job)
        case ("cancel", false, false) where plain.count <= 2: verb = .cancel(job: job)
        case ("leases", false, _) where plain.count == 1: verb = .leases(json: isJSON)
        case ("aliases", false, _) where plain.count == 1: verb = .aliases(json: isJSON)
        case ("check", false, false) where plain.count == 1: verb = .check
        case ("watch", false, false) where plain.count == 1: verb = .watch
        default: throw Call.unknown(words.joined(separator: " "))
        }
    }

    private static func unknown(_ words: ByteString) -> Fault {
        Fault(.usage, "unknown call '\(words.printable())'; see cname-updater --help")
    }
}
