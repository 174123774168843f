import Basics

public struct Request: Equatable, Sendable {
    public enum Verb: ByteString, CaseIterable, Sendable {
        /// Run the command after the next quiet time: a line written by hand.
        case request
        /// Run the command after the next quiet time: a program has written the request into the ledger.
        case pending
        case flush
        /// Forget what is pending: a line written by hand.
        case cancel
        /// Forget what is pending: a program has removed the requests from the ledger, which may have newer ones.
        case withdrawn
    }

    /// The requester of a line without a requester.
    public static var others: ByteString { "others" }

    public let verb: Verb
    public let job: ByteString

    public init(_ verb: Verb, job: ByteString) { (self.verb, self.job) = (verb, job) }

    /// The requester that this line shows: the line itself if it was written by hand. Empty if it requests no run.
    public var requester: ByteString {
        switch verb {
        case .request: "fifo \(line)"
        case .pending: Request.others
        case .flush, .cancel, .withdrawn: ""
        }
    }

    /// Without the newline.
    public var line: ByteString { "\(verb.rawValue) \(job)" }

    /// Reads `request JOB`, `pending JOB`, `flush JOB`, `cancel JOB`, `withdrawn JOB` or a job's whole command. Nothing
    /// that comes through the FIFO is ever executed: a line only names a job. A job that is not enabled accepts only
    /// `pending` and `withdrawn`.
    /// - Returns: nil for any other line.
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
