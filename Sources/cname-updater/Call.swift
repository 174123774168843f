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
    }

    private(set) var places = Places()
    private(set) var verb: Verb

    /// - Throws: `usage`.
    init(_ words: [ByteString]) throws(Fault) {
        var arguments = Arguments(words)
        var plain: [ByteString] = []
        var isHelp = false
        var waits = false
        while let word = try arguments.next() {
            switch word {
            case "--help", "-h": isHelp = true
            case "--wait": waits = true
            case "--config": places.config = try arguments.value()
            case "--run-dir": places.updater = try arguments.value()
            case _ where word.hasPrefix("-"): throw Call.unknown(word)
            default: plain.append(word)
            }
        }
        let job = plain.count == 2 ? plain[1] : nil
        switch plain.first {
        case _ where isHelp: verb = .help
        case nil where Process.environment("ACTION") != nil && !waits: verb = .event
        case nil: verb = .request(job: nil, waits: waits)
        case "request" where plain.count <= 2: verb = .request(job: job, waits: waits)
        case "flush" where plain.count <= 2 && !waits: verb = .flush(job: job)
        case "cancel" where plain.count <= 2 && !waits: verb = .cancel(job: job)
        default: throw Call.unknown(plain.joined(separator: " "))
        }
    }

    private static func unknown(_ words: ByteString) -> Fault {
        Fault(.usage, "unknown call '\(words.printable())'; see cname-updater --help")
    }
}
