import Basics
import Linux

/// Where the programs find their settings and each other. The command line wins over the environment, which wins over
/// the usual places on a router.
public struct Places: Sendable {
    /// The settings file.
    public var config: ByteString
    /// The call names it: then it has to be there.
    public var isConfigGiven = false
    /// The run directory of the daemon.
    public var daemon: ByteString
    /// The run directory of the updater.
    public var updater: ByteString

    /// The places that the environment names, else the usual ones.
    ///
    /// - Throws: `cannotCreate` if XDG_RUNTIME_DIR is needed, and another user's.
    public init() throws(Fault) {
        config = Places.variable("DEBOUNCED_CONFIG") ?? Settings.defaultPath
        daemon = try Places.runDirectory("DEBOUNCED_RUN_DIR", "debounced")
        updater = try Places.runDirectory("CNAME_UPDATER_RUN_DIR", "cname-updater")
    }

    /// - Throws: `settings` if the call names a settings file that is not there.
    public func checkConfig() throws(Fault) {
        if isConfigGiven, try FileStatus(at: config) == nil {
            throw Fault(.settings, "\(config): there is no such file")
        }
    }

    /// The FIFO from which `debounced` reads requests.
    public var fifo: ByteString { daemon + "/fifo" }

    /// The file that the daemon locks: there is one daemon.
    public var lock: ByteString { daemon + "/lock" }

    /// The settings in force: see `SettingsInForce`.
    public var settings: ByteString { daemon + "/settings" }

    /// Where `debounced` shows how many lines from the FIFO were no request.
    public var rejected: ByteString { daemon + "/rejected" }

    /// The folder in which the daemon shows what a job is doing.
    public func state(of job: ByteString) -> ByteString { "\(daemon)/jobs/\(job)" }

    private static func runDirectory(_ name: StaticString, _ program: ByteString) throws(Fault) -> ByteString {
        if let directory = variable(name) { return directory }
        if Process.isRoot { return "/var/run/\(program)" }
        guard let directory = variable("XDG_RUNTIME_DIR") else { return "/tmp/\(program)-\(Process.user)" }
        // As su(1) leaves it: what another user's programs rely on is not for us to write to.
        if let found = try FileStatus(at: directory), !found.isOurs {
            throw Fault(.cannotCreate, "XDG_RUNTIME_DIR: \(directory) is \(found.summary), not ours; unset it")
        }
        return "\(directory)/\(program)"
    }

    /// A variable of the environment. An empty one counts as not set.
    private static func variable(_ name: StaticString) -> ByteString? {
        Process.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
