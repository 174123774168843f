import Basics
import Debounce
import Linux

/// The settings of both programs, without faulty parts.
public struct Settings {
    public static let longest = Duration.seconds(7 * 24 * 3600)

    /// Never empty.
    private var jobSections: [SettingsSection] = []
    public let updater: UpdaterSettings
    public private(set) var aliases: [Alias] = []

    /// Jobs that are not enabled included.
    public var allJobs: [Job] { jobSections.map { $0.job } }
    public var jobs: [Job] { allJobs.filter { $0.isEnabled } }
    public var publishPlace: Place { updater.section.place(of: "publish") }

    /// Reads the settings file and its mapping file. Both may be missing. Faulty parts are left out.
    /// - Parameter findings: Gets the findings in the files.
    /// - Throws: `settings` if the system can't read a file now.
    public init(file path: ByteString, findings: inout Findings) throws(Fault) {
        try self.init(ByteString(settingsFile: path, findings: &findings), file: path, findings: &findings)
        let mappings = updater.mappings
        let text = try ByteString(settingsFile: mappings, findings: &findings)
        add(MappingFile.aliases(in: text, file: mappings, findings: &findings), findings: &findings)
    }

    /// Reads the text of a settings file, and leaves out faulty parts. Without a job it gets the built-in job.
    public init(_ text: ByteString, file: ByteString, findings: inout Findings) {
        let updaterSection = SettingsSection(type: "updater", name: "updater", table: UpdaterSettings.table, file: file)
        updater = UpdaterSettings(section: updaterSection)
        let uci = UCI(upToFault: text, file: file)
        if let fault = uci.fault {
            findings.add(fault)
            findings.areIncomplete = true
        }
        var named: [Alias] = []
        for section in uci.sections {
            switch section.type {
            case "job":
                let isCut = uci.fault != nil && section === uci.current
                if let job = SettingsSection.job(section, file: file, isCut: isCut, findings: &findings) {
                    jobSections.append(job)
                }
            case "updater": updaterSection.read(section, findings: &findings)
            case "cname": if let alias = Alias(section, file: file, findings: &findings) { named.append(alias) }
            default:
                let text: ByteString = "section '\(section.type)' is left out: known are job, updater, cname"
                findings.add(.remark, at: Place(file, line: section.line), text)
            }
        }
        add(named, findings: &findings)
        if jobSections.isEmpty {
            jobSections = [
                SettingsSection.job(
                    UCI.Section(type: "job", name: "dnsmasq", line: 0), file: file, isCut: false, findings: &findings)!
            ]
        }
        let job = updaterSection["job"]
        if !jobSections.contains(where: { $0.name == job }) {
            if !job.isEmpty {
                let names = jobSections.map { $0.name }.listed
                findings.add(
                    .fault, at: updaterSection.place(of: "job"), "no job '\(job.printable())', there are: \(names)")
            }
            updaterSection["job"] = (jobSections.first { $0.name == "dnsmasq" } ?? jobSections[0]).name
        }
    }

    /// A remark if the job that aliases request does not restart dnsmasq, and is no script.
    public var jobFinding: Finding? {
        guard !aliases.isEmpty, let found = jobSections.first(where: { $0.name == updater.job }),
            case let command = found["command"], found["enabled"] == "1", command.firstIndex(of: "dnsmasq") == nil,
            !command.words.contains(where: { $0.hasPrefix("/") && !$0.hasPrefix("/etc/init.d/") })
        else { return nil }
        return Finding(
            .remark, at: found.place(of: "command"),
            "aliases ask for job '\(updater.job)', and '\(command.printable())' does not restart dnsmasq, which reads aliases "
                + "at a start only")
    }

    /// Adds aliases. An alias with a name that is set before becomes a fault.
    mutating func add(_ new: [Alias], findings: inout Findings) {
        let all = aliases + new
        let index = NameIndex(all.map { $0.name.text })
        for place in aliases.count..<all.count {
            let alias = all[place]
            let first = index.indices(of: alias.name.text)[0]
            if first == place {
                aliases.append(alias)
            } else {
                findings.add(
                    .fault, at: alias.place, "alias '\(alias.name)' is already set at \(all[first].place.text)")
            }
        }
    }

    /// These settings as a settings file: the updater's section, the jobs, and all aliases.
    public var text: ByteString {
        (([updater.section] + jobSections).map { $0.text } + aliases.map { $0.text }).joined(separator: "\n")
    }

    public var shown: ByteString {
        let mapped = updater.mappings
        let others = aliases.filter { $0.place.file == mapped }
        if others.isEmpty { return text }
        var own = self
        own.aliases = aliases.filter { $0.place.file != mapped }
        let comments = others.flatMap { $0.text.lines }.map { "#" + $0 }
        return "\(own.text)\n# From \(mapped):\n\(comments.joined(separator: "\n"))"
    }
}

extension ByteString {
    /// Reads a file that may be missing. The text is empty, with a fault, if the path leads to anything else.
    /// - Throws: `settings` if the system can't read the file now.
    fileprivate init(settingsFile path: ByteString, findings: inout Findings) throws(Fault) {
        self = ""
        do throws(Fault) {
            if let text = try Files.readIfThere(path) { self = text }
        } catch {
            guard error.isNoFile, let found = try FileStatus(at: path)
            else { throw Fault(.settings, error.message, errno: error.errno) }
            findings.add(.fault, at: Place(path), "is \(found.summary), not a file")
            findings.areIncomplete = true
        }
    }
}
