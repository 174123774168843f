import Basics
import Debounce

/// `config job 'NAME'`: a command, and when it runs.
extension SettingsSection {
    private static let jobTable: [OptionRule] = [
        ("command", .line, ""), ("verify", .line, ""), ("quiet", .seconds, "10"), ("max_wait", .seconds, ""),
        ("timeout", .seconds, ""), ("retries", .count, "3"), ("max_interval", .seconds, "600"), ("enabled", .flag, "1"),
    ]

    /// Reads the section of a job, and leaves out what is faulty. A job whose command is faulty, or may be misspelt, is not
    /// enabled: the default command does not run, and requests are kept.
    ///
    /// - Parameter isCut: A fault has cut off the rest of the section.
    /// - Returns: nil if the section's name can't be a job's.
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
        // It succeeds whatever becomes of dnsmasq. It takes 3 s for each network in which it looks for another DHCP server,
        // and broken off halfway it leaves dnsmasq stopped.
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

    /// The job, if the section is one.
    var job: Job {
        var job = Job(name: name, command: self["command"])
        job.verify = self["verify"].isEmpty ? nil : self["verify"]
        // These can't fail: only values that can be read get into a section.
        (job.quiet, job.maxWait) = (self["quiet"].seconds!, self["max_wait"].seconds!)
        (job.timeout, job.maxInterval) = (self["timeout"].seconds!, self["max_interval"].seconds!)
        (job.retries, job.isEnabled) = (self["retries"].wholeNumber!, self["enabled"] == "1")
        return job
    }
}
