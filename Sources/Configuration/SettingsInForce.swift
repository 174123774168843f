import Basics
import Linux

/// The settings that the last start or reload took over: `settings` in the run directory of the daemon. A change of the
/// settings file counts after the next reload, so a typo there keeps no event from being handled.
///
/// The copy is a settings file too. Its first line has its digest and the job that lease events request. Then come the
/// updater's section, the jobs and the aliases, in one spelling each, so that an event finds a target by its line.
public final class SettingsInForce {
    public let digest: ByteString
    /// The job to request for each new, removed or changed lease; empty with `request 'alias'`.
    public let leaseJob: ByteString
    public private(set) lazy var updater: UpdaterSettings = {
        let section = SettingsSection(type: "updater", name: "updater", table: UpdaterSettings.table, file: path)
        var findings = Findings()
        let first = ByteString(text.bytes[..<(text.firstIndex(of: "\n\n") ?? text.count)])
        for one in UCI(upToFault: first, file: path).sections { section.read(one, findings: &findings) }
        return UpdaterSettings(section: section)
    }()
    public private(set) lazy var aliases: [Alias] = {
        let start = text.firstIndex(of: "\nconfig cname\n") ?? text.count
        return Alias.all(in: ByteString(text.bytes[start...]), file: path)
    }()
    public private(set) lazy var all = {
        var findings = Findings()
        return Settings(text, file: path, findings: &findings)
    }()
    private let text: ByteString
    private let path: ByteString

    /// Reads the copy.
    /// - Parameter takesOver: Without a copy, puts the settings of the file in force, as a start does.
    /// - Throws: `cannotCreate`; `system`; `settings` if the system can't read a file now.
    public static func read(_ places: Places, takesOver: Bool) throws(Fault) -> SettingsInForce {
        // Another user could have written anything there.
        try Files.checkFolder(places.daemon)
        if let settings = SettingsInForce(places) { return settings }
        let (settings, lines) = try Settings.forStart(places)
        guard takesOver else { return SettingsInForce(settings.copy, path: places.config)! }
        for line in lines {
            Log.error(line)
            // The output of a hook is lost.
            Log.system(from: "cname-updater", line)
        }
        try settings.takeOver(places, unlessOthers: true)
        return SettingsInForce(places) ?? SettingsInForce(settings.copy, path: places.settings)!
    }

    fileprivate convenience init?(_ places: Places) {
        guard let text = try? Files.readIfThere(places.settings) else { return nil }
        self.init(text, path: places.settings)
    }

    private init?(_ text: ByteString, path: ByteString) {
        let words = ByteString(text.bytes.prefix { $0 != UInt8(ascii: "\n") }).words
        guard words.count == 9, words[1].count == 16 else { return nil }
        (digest, leaseJob) = (words[1], words[2] == "-" ? "" : words[2])
        (self.text, self.path) = (text, path)
    }

    public func isTarget(_ host: ByteString) -> Bool { text.firstIndex(of: "\n\tlist target '\(host) ") != nil }
}

extension Settings {
    /// Reads the settings for a start, which a fault does not prevent. If a file can't be read to its end, the settings
    /// in force stay, so that no alias is withdrawn. Otherwise the part before the fault counts.
    /// - Returns: The settings, and lines for the log.
    /// - Throws: `settings` if the system can't read a file now; `cannotCreate` if the run directory is not ours.
    public static func forStart(_ places: Places) throws(Fault) -> (Settings, log: [ByteString]) {
        try Files.checkFolder(places.daemon)
        var findings = Findings()
        let settings = try Settings(file: places.config, findings: &findings)
        let copy = findings.areIncomplete ? SettingsInForce(places)?.all : nil
        let log = findings.all.map { $0.message }
        guard let first = findings.all(.fault).first else { return (settings, log) }
        let rest: ByteString =
            copy != nil
            ? "the settings that were in force stay"
            : findings.areIncomplete ? "only what could be read so far is in force" : "what is faulty is left out"
        return (copy ?? settings, log + ["\(first.place.file): \(rest)"])
    }

    /// Puts these settings in force, in one step.
    /// - Parameter unlessOthers: Does nothing if another process has put settings in force.
    /// - Throws: `cannotCreate`.
    public func takeOver(_ places: Places, unlessOthers: Bool = false) throws(Fault) {
        try Files.makeFolder(places.daemon)
        // Many events at once may find that no settings are in force.
        let lock = try FileLock(places.settings + ".lock")
        defer { _ = lock }
        if unlessOthers, SettingsInForce(places) != nil { return }
        try Files.replace(places.settings, with: copy)
    }

    public var digest: ByteString { text.digest }

    fileprivate var copy: ByteString {
        let leaseJob = updater.request == .lease ? updater.job : "-"
        return "# \(digest) \(leaseJob) in force: not to be edited\n\(text)"
    }
}
