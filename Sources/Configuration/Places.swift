import Basics
import Linux

/// Where the programs find their settings and each other. The command line wins over the environment, and that over
/// what a router has.
public struct Places: Sendable {
    /// The settings file.
    public var config: ByteString
    /// The run directory of the daemon.
    public var daemon: ByteString
    /// The run directory of the updater.
    public var updater: ByteString

    /// As the environment has it.
    public init() {
        config = Process.environment("DEBOUNCED_CONFIG") ?? Settings.defaultPath
        daemon = Process.environment("DEBOUNCED_RUN_DIR") ?? Places.runDirectory("debounced")
        updater = Process.environment("CNAME_UPDATER_RUN_DIR") ?? Places.runDirectory("cname-updater")
    }

    /// What writers write to and `debounced` reads.
    public var fifo: ByteString { daemon + "/fifo" }

    /// The folder in which the daemon shows what a job is doing.
    public func state(of job: ByteString) -> ByteString { "\(daemon)/jobs/\(job)" }

    private static func runDirectory(_ program: ByteString) -> ByteString {
        if Process.isRoot { return "/var/run/\(program)" }
        if let directory = Process.environment("XDG_RUNTIME_DIR"), !directory.isEmpty {
            return "\(directory)/\(program)"
        }
        return "/tmp/\(program)-\(Process.user)"
    }
}

extension Settings {
    /// The settings in the file, or the built-in ones if there is no such file.
    ///
    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed", or why the file can't be read.
    public init(file path: ByteString) throws(Fault) {
        guard let text = try ByteString(settingsFile: path) else {
            self.init()
            return
        }
        try self.init(text, file: path)
    }
}

/// All that `cname-updater` is told: the settings, and the mapping file.
public struct UpdaterSettings: Sendable {
    public let settings: Settings
    public let aliases: AliasSettings
    /// Of the files' texts: another one if anything in them changes.
    public let digest: Digest

    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed", or why a file can't be read.
    public init(file path: ByteString) throws(Fault) {
        let text = try ByteString(settingsFile: path)
        var digest = Digest()
        digest.add(text ?? "")
        var aliases = AliasSettings()
        if let text {
            let uci = try UCI(text, file: path)
            settings = try Settings(uci, file: path)
            aliases = try AliasSettings(uci, file: path)
        } else {
            settings = Settings()
        }
        if let mappings = try ByteString(settingsFile: aliases.mappings) {
            digest.add(mappings)
            try aliases.aliases.add(mappings: mappings, file: aliases.mappings)
        }
        self.aliases = aliases
        self.digest = digest
    }
}

extension ByteString {
    /// The text of a file that may be missing.
    ///
    /// - Throws: `settings` if it can't be read.
    fileprivate init?(settingsFile path: ByteString) throws(Fault) {
        do throws(Fault) {
            guard let text = try Files.readIfThere(path) else { return nil }
            self = text
        } catch {
            throw Fault(.settings, error.message, errno: error.errno)
        }
    }
}
