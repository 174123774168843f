import Basics
import Debounce

/// `config job 'NAME'`: a command, and when it runs.
public final class JobSection: Sendable {
    static let table = [
        Option("command", .line), Option("verify", .line), Option("quiet", .seconds, "10"),
        Option("max_wait", .seconds, "60"),
        Option("timeout", .seconds), Option("retries", .count, "3"), Option("max_interval", .seconds, "600"),
        Option("enabled", .flag, "1"),
    ]

    public let name: ByteString
    private let section: Section

    /// A job whose options all have their initial values, but without a command yet.
    private init(_ name: ByteString, file: ByteString = "", line: Int = 0) {
        self.name = name
        section = Section("job '\(name)'", JobSection.table, file: file, line: line)
    }

    /// Reads a section, and leaves out what is faulty. A job whose command is faulty, or may be misspelt, is not enabled:
    /// the default command does not run, and requests are kept.
    ///
    /// - Parameter isCut: A fault has cut off the rest of the section.
    /// - Returns: nil if the section's name can't be a job's.
    convenience init?(_ section: UCI.Section, file: ByteString, isCut: Bool, _ findings: inout Findings) {
        guard let name = section.name, Job.isName(name) else {
            findings.add(
                .fault, Place(file, section.line),
                "a job needs a name of at most 63 letters, digits and _: config job 'NAME'")
            return nil
        }
        self.init(name, file: file, line: section.line)
        self.section.read(section.options, &findings)
        if self.section["command"].isEmpty {
            let usual = defaultCommand
            _ = set("command", usual)
            let isFaulty = section.options.contains { option in
                option.name == "command" || !JobSection.table.contains { option.name == $0.name }
            }
            if isEnabled, isCut || isFaulty {
                findings.add(
                    .fault, Place(file, section.line),
                    "job '\(name)' is left out: none of its options is a command that can be used, and '\(usual)' may not "
                        + "be what is meant")
                _ = set("enabled", "0")
            }
        }
        let isSet = section.options.contains { $0.name == "max_wait" }
        let place = self.section.place(of: "max_wait")
        if let fault = completed(isSet: isSet) { findings.add(.fault, place, fault) }
    }

    /// The built-in job.
    static var builtIn: JobSection {
        let job = JobSection("dnsmasq")
        _ = job.set("command", job.defaultCommand)
        _ = job.completed(isSet: false)
        return job
    }

    private var defaultCommand: ByteString { "service \(name) restart" }

    /// Completes the job once all its options are set. Unless they are, the longest wait goes by the quiet time, and the
    /// timeout and what verifies a run go by the command.
    ///
    /// - Returns: What is wrong if it is shorter than the quiet time; then it is not in force.
    public func completed(isSet: Bool) -> ByteString? {
        // It succeeds whatever becomes of dnsmasq. It takes 3 s for each network in which it looks for another DHCP server,
        // and broken off halfway it leaves dnsmasq stopped.
        let restartsDnsmasq = section["command"] == "service dnsmasq restart"
        if restartsDnsmasq, section["verify"].isEmpty { _ = section.set("verify", Job.verifiesDnsmasq) }
        if section["timeout"].isEmpty { _ = section.set("timeout", restartsDnsmasq ? "300" : "60") }
        let (quiet, wait) = (section["quiet"], section["max_wait"])
        let shortest = quiet.seconds!.milliseconds
        if isSet, wait == "0" || wait.seconds!.milliseconds >= shortest { return nil }
        _ = set("max_wait", ByteString(seconds: min(.milliseconds(shortest * 6), Settings.longest)))
        return isSet ? "max_wait '\(wait)' is less than quiet '\(quiet)': allowed are 0, for no bound, and more" : nil
    }

    /// A job of the command line: NAME=COMMAND.
    ///
    /// - Throws: `usage`.
    public convenience init(argument: ByteString) throws(Fault) {
        guard let (name, command) = argument.split(at: UInt8(ascii: "=")), Job.isName(name) else {
            throw Fault(
                .usage, "--job '\(argument.printable())': allowed is NAME=COMMAND, NAME of letters, digits and _")
        }
        self.init(name)
        if let fault = set("command", command) { throw Fault(.usage, "--job '\(name)': \(fault)") }
    }

    /// Sets one option, by its name in the settings file.
    ///
    /// - Returns: What is wrong and what is allowed; nil if nothing is wrong.
    public func set(_ option: ByteString, _ value: ByteString) -> ByteString? {
        section.set(option, value)
    }

    /// If not, it is as if the job were not there, but what was accepted for it is kept.
    var isEnabled: Bool { section["enabled"] == "1" }

    /// The section as it stands in a settings file.
    var text: ByteString { section.text }

    public var job: Job {
        var job = Job(name: name, command: section["command"])
        job.verify = section["verify"].isEmpty ? nil : section["verify"]
        // These can't fail: only values that can be read get into a section.
        job.quiet = section["quiet"].seconds!
        job.maxWait = section["max_wait"].seconds!
        // Not set before the job is completed.
        if let timeout = section["timeout"].seconds { job.timeout = timeout }
        job.retries = section["retries"].wholeNumber!
        job.maxInterval = section["max_interval"].seconds!
        return job
    }
}
