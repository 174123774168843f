import Basics
import Debounce
import Linux

/// The settings of both programs, in which nothing is faulty.
public struct Settings {
    /// No time in the settings is longer than a week.
    public static let longest = Duration.seconds(7 * 24 * 3600)

    /// Never empty.
    private var jobSections: [JobSection] = []
    private let updaterSection: Section
    public private(set) var aliases: [Alias] = []

    public var jobs: [Job] { jobSections.filter { $0.isEnabled }.map { $0.job } }
    /// The names of the others.
    public var disabledJobs: [ByteString] { jobSections.filter { !$0.isEnabled }.map { $0.name } }
    public var updater: UpdaterSettings { UpdaterSettings(updaterSection) }
    /// Where it is set how dnsmasq gets the aliases.
    public var publishPlace: Place { updaterSection.place(of: "publish") }

    /// Reads the settings file and the mapping file that it names, either of which may be missing. What is faulty is left
    /// out.
    ///
    /// - Parameter findings: What is found is added.
    /// - Throws: `settings` if the system can't read a file at the moment: nobody knows what it says.
    public init(file path: ByteString, _ findings: inout Findings) throws(Fault) {
        try self.init(ByteString(settingsFile: path, &findings), file: path, &findings)
        let mappings = updater.mappings
        for alias in try MappingFile.aliases(
            ByteString(settingsFile: mappings, &findings), file: mappings, &findings)
        { add(alias, &findings) }
    }

    /// Reads the text of a settings file. What is faulty is left out. Without a job it has the built-in one, which restarts
    /// dnsmasq.
    public init(_ text: ByteString, file: ByteString, _ findings: inout Findings) {
        updaterSection = Section("updater 'updater'", UpdaterSettings.table, file: file)
        let uci = UCI(upToFault: text, file: file)
        if let fault = uci.fault {
            findings.add(fault)
            findings.areIncomplete = true
        }
        for section in uci.sections {
            switch section.type {
            case "job":
                let isCut = uci.fault != nil && section === uci.current
                if let job = JobSection(section, file: file, isCut: isCut, &findings) { jobSections.append(job) }
            case "updater":
                updaterSection.read(section, &findings)
            case "cname":
                if let alias = Alias(section, file: file, &findings), alias.isEnabled { add(alias, &findings) }
            default:
                findings.add(
                    .remark, Place(file, section.line),
                    "section '\(section.type)' is left out: known are job, updater, cname")
            }
        }
        if jobSections.isEmpty {
            jobSections = [JobSection(UCI.Section("job", "dnsmasq", line: 0), file: file, &findings)!]
        }
        let job = updaterSection["job"]
        if !jobSections.contains(where: { $0.name == job }) {
            if !job.isEmpty {
                let names = jobSections.map { $0.name }.listed
                findings.add(
                    .fault, updaterSection.place(of: "job"), "no job '\(job.printable())', there are: \(names)")
            }
            let usual = jobSections.first { $0.name == "dnsmasq" } ?? jobSections[0]
            updaterSection["job"] = usual.name
        }
    }

    /// A remark if the job that aliases ask for does not restart dnsmasq.
    public var jobFinding: Finding? {
        aliases.isEmpty ? nil : jobSections.first { $0.name == updater.job && $0.isEnabled }?.remark
    }

    /// Adds an alias unless its name is taken.
    mutating func add(_ alias: Alias, _ findings: inout Findings) {
        if let other = aliases.first(where: { $0.name == alias.name }) {
            findings.add(.fault, alias.place, "alias '\(alias.name)' is already set at \(other.place.text)")
        } else {
            aliases.append(alias)
        }
    }

    /// A settings file that says the same: the updater's section, then the jobs, then the aliases, with those of the mapping
    /// file.
    public var text: ByteString {
        ([updaterSection.text] + jobSections.map { $0.text } + aliases.map { $0.text }).joined(separator: "\n")
    }

    /// The same, but the aliases of the mapping file are in comments, as that file is named there already.
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
    /// The text of a file that may be missing. It is empty, with a fault, if there is something other than a file.
    ///
    /// - Throws: `settings` if the system can't read it at the moment.
    fileprivate init(settingsFile path: ByteString, _ findings: inout Findings) throws(Fault) {
        self = ""
        do throws(Fault) {
            if let text = try Files.readIfThere(path) { self = text }
        } catch {
            guard error.isNoFile, let found = try FileStatus(at: path) else {
                throw Fault(.settings, error.message, errno: error.errno)
            }
            findings.add(.fault, Place(path), "is \(found.summary), not a file")
            findings.areIncomplete = true
        }
    }
}
