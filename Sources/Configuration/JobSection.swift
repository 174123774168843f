import Basics
import Debounce

/// `config job 'NAME'`: a command, and when it runs.
extension SettingsSection {
    private static let jobTable: [OptionRule] = [
        ("command", .line, ""), ("verify", .line, ""), ("quiet", .seconds, "10"), ("max_wait", .seconds, ""),
        ("timeout", .seconds, ""), ("retries", .count, "3"), ("max_interval", .seconds, "600"), ("enabled", .flag, "1"),
    ]

    /// Reads the section of a job, and leaves out faulty values. A job with a faulty or misspelt command is disabled:
    /// the default command does not run, and requests are kept.
    /// - Parameter isCut: A fault has cut off the rest of the section.
    /// - Returns: nil if the section's name is no job's name.
    static func job(_ read: UCI.Section, file: ByteString, isCut: Bool, findings: inout Findings) -> SettingsSection? {
        let place = Place(file, line: read.line)
        guard let name = read.name, Job.isName(name) else {
            findings.add(.fault, at: place, "a job needs a name of at most 63 letters, digits and _: config job 'NAME'")
            return nil
        }
        let section = SettingsSection(type: "job", name: name, table: jobTable, file: file, line: read.line)
        section.read(read, findings: &findings)
        if section["command"].isEmpty {
            let usual: ByteString = "service \(name) restart"
            section["command"] = usual
            let isFaulty = read.options.contains { option in
                option.name == "command" || !jobTable.contains { option.name == $0.name }
            }
            if section["enabled"] == "1", isCut || isFaulty {
                findings.add(
                    .fault, at: place,
                    "job '\(name)' is left out: none of its options is a command that can be used, and '\(usual)' may not "
                        + "be what is meant")
                section["enabled"] = "0"
            }
        }
        // This command returns 0 even if dnsmasq does not start. It takes 3 s for each network, since dnsmasq looks for
        // another DHCP server. If it is cut off, dnsmasq stays stopped.
        let restartsDnsmasq = section["command"] == "service dnsmasq restart"
        if restartsDnsmasq, section["verify"].isEmpty { section["verify"] = Job.verifiesDnsmasq }
        if section["timeout"].isEmpty { section["timeout"] = restartsDnsmasq ? "300" : "60" }
        let (quiet, wait) = (section["quiet"], section["max_wait"])
        let (shortest, given) = (quiet.seconds!, wait.seconds)
        if let given, given == .zero || given >= shortest { return section }
        if given != nil {
            findings.add(
                .fault, at: section.place(of: "max_wait"),
                "max_wait '\(wait)' is less than quiet '\(quiet)': allowed are 0, for no bound, and more")
        }
        section["max_wait"] = ByteString(seconds: min(shortest * 6, Settings.longest))
        return section
    }

    var job: Job {
        var job = Job(name: name, command: self["command"])
        job.verify = self["verify"].isEmpty ? nil : self["verify"]
        (job.quiet, job.maxWait) = (self["quiet"].seconds!, self["max_wait"].seconds!)
        (job.timeout, job.maxInterval) = (self["timeout"].seconds!, self["max_interval"].seconds!)
        (job.retries, job.isEnabled) = (self["retries"].wholeNumber!, self["enabled"] == "1")
        return job
    }
}
