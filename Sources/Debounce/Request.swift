import Basics

/// One line of the FIFO: what to do with which job.
public struct Request: Equatable, Sendable {
    public enum Verb: ByteString, CaseIterable, Sendable {
        /// Run the command after the next quiet time: a line written by hand.
        case request
        /// The same, from a program that has already written the request into the ledger.
        case pending
        /// Run what is pending now.
        case flush
        /// Forget what is pending: a line written by hand.
        case cancel
        /// The same, from a program that has already taken the requests out of the ledger. New ones may stand there by now.
        case withdrawn
    }

    /// The requester if none is named.
    public static var others: ByteString { "others" }

    public let verb: Verb
    /// The job's name.
    public let job: ByteString

    public init(_ verb: Verb, job: ByteString) { (self.verb, self.job) = (verb, job) }

    /// The requester if only this line is known: the line, if it was written by hand. Empty if the line requests no run.
    public var requester: ByteString {
        switch verb {
        case .request: "fifo \(line)"
        case .pending: Request.others
        case .flush, .cancel, .withdrawn: ""
        }
    }

    /// The line without its newline.
    public var line: ByteString { "\(verb.rawValue) \(job)" }

    /// Reads `request JOB`, `pending JOB`, `flush JOB`, `cancel JOB`, `withdrawn JOB` or a job's whole command.
    ///
    /// - Returns: nil for anything else. Nothing that comes through the FIFO is ever executed: it only names a job. Of a job
    ///   that is not enabled only what programs have already written into the ledger is read.
    public init?(line: ByteString, jobs: [Job]) {
        if let (word, name) = line.split(at: UInt8(ascii: " ")), let verb = Verb(rawValue: word),
            let job = jobs.first(where: { $0.name == name }), job.isEnabled || verb == .pending || verb == .withdrawn
        {
            self.init(verb, job: name)
        } else if let job = jobs.first(where: { $0.isEnabled && $0.command == line }) {
            self.init(.request, job: job.name)
        } else {
            return nil
        }
    }
}
