import Basics
import Linux

/// The settings that start or reload took over: a copy, `settings` in the run directory of the daemon. A change of the
/// settings file counts from the next reload on, so a typo there keeps no event from being handled.
///
/// The copy is itself a settings file. Its first line has its digest, the place of its index, and the job that lease
/// events ask for, which is all that most calls need; then come the updater's section, the jobs and the aliases. The index
/// at its end is made of sorted comments that say at which byte the section of an alias begins: `#@ALIAS OFFSET`, and
/// `#HOST OFFSET` for each target. So an event reads only the start of the file and some lines of the index, however many
/// jobs and aliases there are.
public final class SettingsInForce {
    /// Different settings have different digests.
    public let digest: ByteString
    /// The job that is asked for whenever a lease is new, gone or changed; empty: none.
    public let leaseJob: ByteString
    /// The section of the updater.
    public private(set) lazy var updater = readUpdater()
    private let head: ByteString
    private let file: FileDescriptor
    private let path: ByteString
    private let index: Range<Int>

    /// Opens the copy.
    ///
    /// - Parameter takesOver: What to do if there is no copy that can be read: true puts the settings of the file in
    ///   force, as at a start; false only looks at them.
    /// - Throws: `cannotCreate`; `system`; `settings` if the system can't read a file at the moment.
    public static func read(_ places: Places, takesOver: Bool) throws(Fault) -> SettingsInForce {
        // Another user could have written anything there.
        try Files.checkFolder(places.daemon)
        if let settings = try? SettingsInForce(at: places.settings) { return settings }
        let (settings, lines) = try Settings.forStart(places)
        guard takesOver else {
            return try SettingsInForce(FileDescriptor(holding: settings.copy), path: places.config)
        }
        for line in lines {
            Log.error(line)
            // Nobody reads the output of a hook, so the system log has to say it.
            Log.system("cname-updater", line)
        }
        try settings.takeOver(places, unlessOthers: true)
        return try SettingsInForce(at: places.settings)
    }

    fileprivate static func isThere(_ places: Places) -> Bool {
        (try? SettingsInForce(at: places.settings)) != nil
    }

    fileprivate convenience init(at path: ByteString) throws(Fault) {
        guard let file = try FileDescriptor.ifThere(path) else { throw Fault(.cannotCreate, "\(path): has gone") }
        try self.init(file, path: path)
    }

    private init(_ file: consuming FileDescriptor, path: ByteString) throws(Fault) {
        head = try file.paragraph(at: 0)
        let words = (head.split(at: UInt8(ascii: "\n"))?.before ?? "").words
        // The copy of an earlier version has one word more.
        guard words.count == 11, words[1].count == 16, let start = words[2].number(digits: 10),
            let end = words[3].number(digits: 10), start < end
        else { throw Fault(.settings, "\(path): can't be read") }
        digest = words[1]
        leaseJob = words[4] == "-" ? "" : words[4]
        index = Int(start)..<Int(end)
        self.file = file
        self.path = path
    }

    private func readUpdater() -> UpdaterSettings {
        // Nothing is wrong with a copy, so nobody looks at these.
        var findings = Findings()
        let section = Section("", UpdaterSettings.table, file: path)
        if let found = try? UCI(head, file: path).sections.first { section.read(found.options, &findings) }
        return UpdaterSettings(section)
    }

    /// Whether the host is a target of an alias.
    ///
    /// - Throws: `cannotCreate`.
    public func isTarget(_ host: HostName?) throws(Fault) -> Bool {
        guard let host else { return false }
        return try !sections("#\(host) ").isEmpty
    }

    /// Whether there is an alias of that name.
    ///
    /// - Throws: `cannotCreate`.
    public func isAlias(_ name: ByteString) throws(Fault) -> Bool {
        try !sections("#@\(name) ").isEmpty
    }

    /// The aliases that have the host as a target.
    ///
    /// - Throws: `cannotCreate`.
    public func aliases(of host: HostName) throws(Fault) -> [Alias] {
        var findings = Findings()
        var aliases: [Alias] = []
        for offset in try sections("#\(host) ") {
            for section in try UCI(file.paragraph(at: offset), file: path).sections {
                if let alias = Alias(section, file: path, &findings) { aliases.append(alias) }
            }
        }
        return aliases
    }

    /// All settings.
    ///
    /// - Throws: `settings`, `cannotCreate`.
    public func all() throws(Fault) -> Settings {
        try Settings(file.text(limit: 1 << 24), file: path)
    }

    private func sections(_ entry: ByteString) throws(Fault) -> [Int] {
        try file.sortedLines(startingWith: entry, in: index).compactMap { line in
            line.split(at: UInt8(ascii: " "))?.after.wholeNumber
        }
    }
}

extension Settings {
    /// The settings for a start, which a fault does not prevent. If a file can't be read to its end, the settings in force
    /// stay, so that no alias is withdrawn; if there are none, what could be read counts.
    ///
    /// - Returns: The settings, and what the log should say.
    /// - Throws: `settings` if the system can't read a file at the moment; `cannotCreate` if the run directory of the daemon is
    ///   not ours.
    public static func forStart(_ places: Places) throws(Fault) -> (Settings, log: [ByteString]) {
        try Files.checkFolder(places.daemon)
        var findings = Findings()
        let settings = try Settings(file: places.config, &findings)
        let copy = findings.areIncomplete ? try? SettingsInForce(at: places.settings).all() : nil
        let log = findings.all.map { $0.message }
        guard let first = findings.all(.fault).first else { return (settings, log) }
        let rest: ByteString =
            if copy != nil {
                "the settings that were in force stay"
            } else if findings.areIncomplete {
                "only what could be read so far is in force"
            } else {
                "what is faulty is left out"
            }
        return (copy ?? settings, log + ["\(first.place.file): \(rest)"])
    }

    /// Puts these settings in force, in one step.
    ///
    /// - Parameter unlessOthers: Not if somebody else was faster.
    /// - Throws: `cannotCreate`.
    public func takeOver(_ places: Places, unlessOthers: Bool = false) throws(Fault) {
        try Files.makeFolder(places.daemon)
        // Many events may find at the same time that none are in force.
        let lock = try FileLock(waitingFor: places.settings + ".lock")
        defer { _ = lock }
        if unlessOthers, SettingsInForce.isThere(places) { return }
        try Files.replace(places.settings, with: copy)
    }

    /// The digest in the copy's first line: different settings have different ones.
    public var digest: ByteString {
        var digest = Digest()
        digest.add(text)
        return digest.text
    }

    /// The text of the copy, without its last newline.
    fileprivate var copy: ByteString {
        var sections: ByteString = ""
        var index: [ByteString] = []
        let paragraphs = paragraphs
        for (number, paragraph) in paragraphs.enumerated() {
            if number > 0 { sections += "\n" }
            let offset = headLength + sections.count
            sections += paragraph
            let alias = number - (paragraphs.count - aliases.count)
            guard alias >= 0 else { continue }
            index.append("#@\(aliases[alias].name) \(offset)")
            for target in aliases[alias].targets { index.append("#\(target.host) \(offset)") }
        }
        // A blank line ends the last section.
        sections += "\n"
        let entries = index.sorted().joined(separator: "\n")
        let start = headLength + sections.count
        // The last newline, which is written after this text, belongs to the index.
        let end = start + entries.count + 1
        return "# \(digest) \(Self.number(start)) \(Self.number(end))" + headEnd + sections + entries
    }

    private static func number(_ number: Int) -> ByteString {
        let digits = ByteString(decimal: number)
        return ByteString(Array(repeating: UInt8(ascii: "0"), count: 10 - digits.count)) + digits
    }

    private var headEnd: ByteString {
        " \(updater.request == .lease ? updater.job : "-") in force: not to be edited\n"
    }
    private var headLength: Int { 2 + 16 + 1 + 10 + 1 + 10 + headEnd.count }
}
