import Basics
import Configuration

extension Settings {
    /// The built-in settings.
    public init() {
        var findings = Findings()
        self.init("", file: "built-in", findings: &findings)
    }

    /// The names of the jobs that are not enabled.
    public var disabledJobs: [ByteString] { allJobs.filter { !$0.isEnabled }.map { $0.name } }

    /// Reads settings from a text.
    ///
    /// - Throws: A fault if the text has one.
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        var findings = Findings()
        self.init(text, file: file, findings: &findings)
        try findings.refuseFaults()
    }

    /// Reads settings from files.
    ///
    /// - Throws: A fault if a file has one.
    public init(file path: ByteString) throws(Fault) {
        var findings = Findings()
        try self.init(file: path, findings: &findings)
        try findings.refuseFaults()
    }
}
