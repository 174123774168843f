import Basics
import Configuration
import Debounce
import Linux

/// What the command line and the environment ask for.
struct Call {
    enum Verb {
        case help
        case event
        case ask(Request.Verb, job: ByteString?)
    }

    private(set) var places = Places()
    private(set) var verb: Verb

    /// - Throws: `usage`.
    init(_ words: [ByteString]) throws(Fault) {
        var arguments = Arguments(words)
        var plain: [ByteString] = []
        var isHelp = false
        while let word = try arguments.next() {
            switch word {
            case "--help", "-h": isHelp = true
            case "--config": places.config = try arguments.value()
            case "--run-dir": places.updater = try arguments.value()
            case _ where word.hasPrefix("-"): throw Call.unknown(word)
            default: plain.append(word)
            }
        }
        if isHelp {
            verb = .help
            return
        }
        guard let first = plain.first else {
            verb = Process.environment("ACTION") == nil ? .ask(.request, job: nil) : .event
            return
        }
        guard plain.count <= 2, let request = Request.Verb(word: first) else {
            throw Call.unknown(plain.joined(separator: " "))
        }
        verb = .ask(request, job: plain.count == 2 ? plain[1] : nil)
    }

    private static func unknown(_ words: ByteString) -> Fault {
        Fault(.usage, "unknown call '\(words.printable())'; see cname-updater --help")
    }
}
