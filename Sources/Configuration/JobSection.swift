import Basics
import Debounce

/// `config job 'NAME'`: a command, and when it runs.
final class JobSection {
    private static let table = [
        Option("command", .line), Option("verify", .line), Option("quiet", .seconds, "10"),
        Option("max_wait", .seconds), Option("timeout", .seconds), Option("retries", .count, "3"),
        Option("max_interval", .seconds, "600"), Option("enabled", .flag, "1"),
    ]

    let name: ByteString
    private let section: Section

    /// Reads a section, and leaves out what is faulty. A job whose command is faulty, or may be misspelt, is not enabled:
    /// the default command does not run, and requests are kept.
    ///
    /// - Parameter isCut: A fault has cut off the rest of the section.
    /// - Returns: nil if the section's name can't be a job's.
    init?(_ read: UCI.Section, file: ByteString, isCut: Bool = false, _ findings: inout Findings) {
        guard let name = read.name, Job.isName(name) else {
            findings.add(
                .fault, Place(file, read.line),
                "a job needs a name of at most 63 letters, digits and _: config job 'NAME'")
            return nil
        }
        self.name = name
        section = Section("job '\(name)'", JobSection.table, file: file, line: read.line)
        section.read(read, &findings)
        if section["command"].isEmpty {
            let usual: ByteString = "service \(name) restart"
            section["command"] = usual
            let isFaulty = read.options.contains { option in
                option.name == "command" || !JobSection.table.contains { option.name == $0.name }
            }
            if isEnabled, isCut || isFaulty {
                findings.add(
                    .fault, Place(file, read.line),
                    "job '\(name)' is left out: none of its options is a command that can be used, and '\(usual)' may not "
                        + "be what is meant")
                section["enabled"] = "0"
            }
        }
        // It succeeds whatever becomes of dnsmasq. It takes 3 s for each network in which it looks for another DHCP server,
        // and broken off halfway it leaves dnsmasq stopped.
        let restartsDnsmasq = section["command"] == "service dnsmasq restart"
        if restartsDnsmasq, section["verify"].isEmpty { section["verify"] = Job.verifiesDnsmasq }
        if section["timeout"].isEmpty { section["timeout"] = restartsDnsmasq ? "300" : "60" }
        let (quiet, wait) = (section["quiet"], section["max_wait"])
        let (shortest, given) = (quiet.seconds!, wait.seconds)
        if let given, given == .zero || given >= shortest { return }
        if given != nil {
            findings.add(
                .fault, section.place(of: "max_wait"),
                "max_wait '\(wait)' is less than quiet '\(quiet)': allowed are 0, for no bound, and more")
        }
        section["max_wait"] = ByteString(seconds: min(shortest * 6, Settings.longest))
    }

    /// If not, it is as if the job were not there, but what was accepted for it is kept.
    var isEnabled: Bool { section["enabled"] == "1" }

    /// A remark if the command does not restart dnsmasq; nil if a script may.
    var remark: Finding? {
        let command = section["command"]
        let isScript = command.words.contains { $0.hasPrefix("/") && !$0.hasPrefix("/etc/init.d/") }
        if isScript || command.firstIndex(of: "dnsmasq") != nil { return nil }
        return Finding(
            .remark, section.place(of: "command"),
            "aliases ask for job '\(name)', and '\(command.printable())' does not restart dnsmasq, which reads aliases at a "
                + "start only")
    }

    /// The section as it stands in a settings file.
    var text: ByteString { section.text }

    var job: Job {
        var job = Job(name: name, command: section["command"])
        job.verify = section["verify"].isEmpty ? nil : section["verify"]
        // These can't fail: only values that can be read get into a section.
        job.quiet = section["quiet"].seconds!
        job.maxWait = section["max_wait"].seconds!
        job.timeout = section["timeout"].seconds!
        job.retries = section["retries"].wholeNumber!
        job.maxInterval = section["max_interval"].seconds!
        return job
    }
}
