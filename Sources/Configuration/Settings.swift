import Basics
import Debounce
import Linux

/// The settings of both programs: those of `/etc/config/debounced` and the mapping file, or the built-in ones.
public struct Settings {
    public static let defaultPath: ByteString = "/etc/config/debounced"
    /// No time in the settings is longer than a week.
    public static let longest = Duration.seconds(7 * 24 * 3600)

    /// Never empty.
    private var jobSections: [JobSection]
    private var updaterSection: Section
    public private(set) var aliases: [Alias] = []

    public var jobs: [Job] { jobSections.filter { $0.isEnabled }.map { $0.job } }
    /// The names of the others.
    public var disabledJobs: [ByteString] { jobSections.filter { !$0.isEnabled }.map { $0.name } }
    public var updater: UpdaterSettings { UpdaterSettings(updaterSection) }
    /// Where it is set how dnsmasq gets the aliases.
    public var publishPlace: Place { updaterSection.place(of: "publish") }

    /// The built-in settings: one job, which restarts dnsmasq.
    public init() {
        self.init(jobs: [.builtIn])
    }

    /// - Parameter jobs: At least one. The updater asks for the first.
    public init(jobs: [JobSection]) {
        jobSections = jobs
        updaterSection = Section("updater 'updater'", UpdaterSettings.table)
        _ = updaterSection.set("job", jobs[0].name)
    }

    /// The settings in the file and in the mapping file that it names, either of which may be missing.
    ///
    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed", or why a file can't be read.
    public init(file path: ByteString) throws(Fault) {
        var findings = Findings()
        try self.init(file: path, &findings)
        try findings.refuseFaults()
    }

    /// The same, but what is faulty is left out.
    ///
    /// - Parameter findings: What is found is added.
    /// - Throws: `settings` if the system can't read a file at the moment: nobody knows what it says.
    public init(file path: ByteString, _ findings: inout Findings) throws(Fault) {
        try self.init(ByteString(settingsFile: path, &findings), file: path, &findings)
        let mappings = updater.mappings
        try add(
            MappingFile.aliases(ByteString(settingsFile: mappings, &findings), file: mappings, &findings), &findings)
    }

    /// Reads the text of a settings file.
    ///
    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        var findings = Findings()
        self.init(text, file: file, &findings)
        try findings.refuseFaults()
    }

    /// The same, but what is faulty is left out.
    public init(_ text: ByteString, file: ByteString, _ findings: inout Findings) {
        jobSections = []
        updaterSection = Section("updater 'updater'", UpdaterSettings.table, file: file)
        var fault: Finding?
        let uci = UCI(text, file: file, upTo: &fault)
        if let fault {
            findings.add(fault)
            findings.areIncomplete = true
        }
        for section in uci.sections {
            switch section.type {
            case "job":
                let isCut = fault != nil && section === uci.current
                if let job = JobSection(section, file: file, isCut: isCut, &findings) { jobSections.append(job) }
            case "updater":
                updaterSection.read(section.options, &findings)
            case "cname":
                if let alias = Alias(section, file: file, &findings), alias.isEnabled { add([alias], &findings) }
            default:
                findings.add(
                    .remark, Place(file, section.line),
                    "section '\(section.type)' is left out: known are job, updater, cname")
            }
        }
        if jobSections.isEmpty { jobSections = [.builtIn] }
        let job = updaterSection["job"]
        if !jobSections.contains(where: { $0.name == job }) {
            if !job.isEmpty {
                let names = jobSections.map { $0.name }.listed
                findings.add(
                    .fault, updaterSection.place(of: "job"), "no job '\(job.printable())', there are: \(names)")
            }
            _ = updaterSection.set("job", jobSections[0].name)
        }
    }

    /// Adds aliases, and leaves out those whose names are taken.
    mutating func add(_ more: [Alias], _ findings: inout Findings) {
        for alias in more {
            if let other = aliases.first(where: { $0.name == alias.name }) {
                findings.add(.fault, alias.place, "alias '\(alias.name)' is already set at \(other.place.text)")
            } else {
                aliases.append(alias)
            }
        }
    }

    /// A settings file that says the same. It includes the aliases of the mapping file.
    public var text: ByteString { paragraphs.joined(separator: "\n") }

    /// The same, but the aliases of the mapping file are in comments, as that file is named there already.
    public var shown: ByteString {
        let mapped = updater.mappings
        let (others, own) = (
            aliases.filter { $0.place.file == mapped }, aliases.filter { $0.place.file != mapped }
        )
        var shown = self
        shown.aliases = own
        if others.isEmpty { return shown.text }
        let comments = others.flatMap { $0.text.lines }.map { "#" + $0 }
        return "\(shown.text)\n# From \(mapped):\n\(comments.joined(separator: "\n"))"
    }

    /// The text of each section: the updater's, then the jobs, then the aliases.
    var paragraphs: [ByteString] {
        [updaterSection.text] + jobSections.map { $0.text } + aliases.map { $0.text }
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
