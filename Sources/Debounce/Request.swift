import Basics

/// One line of the FIFO: what to do with which job.
public struct Request: Equatable, Sendable {
    public enum Verb: CaseIterable, Sendable {
        /// Run the command after the next quiet time: a line written by hand.
        case request
        /// The same, from one who has noted it in the ledger: the doorbell.
        case pending
        /// Run what is pending now.
        case flush
        /// Forget what is pending: a line written by hand.
        case cancel
        /// The same, from one who has taken it back in the ledger, where something may have been asked for since.
        case withdrawn

        public var word: StaticString {
            switch self {
            case .request: "request"
            case .pending: "pending"
            case .flush: "flush"
            case .cancel: "cancel"
            case .withdrawn: "withdrawn"
            }
        }

        public init?(word: ByteString) {
            guard let verb = Verb.allCases.first(where: { word == $0.word }) else { return nil }
            self = verb
        }
    }

    public let verb: Verb
    /// The job's name.
    public let job: ByteString

    public init(_ verb: Verb, _ job: ByteString) {
        self.verb = verb
        self.job = job
    }

    /// The line without its newline.
    public var line: ByteString { "\(literal: verb.word) \(job)" }

    /// Reads `request JOB`, `pending JOB`, `flush JOB`, `cancel JOB`, `withdrawn JOB` or a job's whole command.
    ///
    /// - Returns: nil for anything else. Nothing that comes through the FIFO is ever executed: it only names a job.
    public init?(line: ByteString, jobs: [Job]) {
        if let (word, name) = line.split(at: UInt8(ascii: " ")), let verb = Verb(word: word),
            jobs.contains(where: { $0.name == name })
        {
            self.init(verb, name)
            return
        }
        guard let job = jobs.first(where: { $0.command == line }) else { return nil }
        self.init(.request, job.name)
    }
}
