import Basics
import Linux

/// The paths of the programs. The command line wins over the environment, which wins over the usual paths.
public struct Places: Sendable {
    public var config: ByteString { moved ?? Places.uci("debounced") }
    /// The settings file that the call or the environment names; nil for the usual file.
    private let moved: ByteString?
    /// The call names the settings file, so the file must exist.
    private let isConfigGiven: Bool
    /// The run directory of the daemon.
    public var daemon: ByteString
    /// The run directory of the updater.
    public var updater: ByteString

    /// - Throws: `cannotCreate` if XDG_RUNTIME_DIR is needed, and another user's.
    public init(_ arguments: Arguments = Arguments(), of program: ByteString = "") throws(Fault) {
        let given = arguments.values(of: "--config").last
        isConfigGiven = given != nil
        moved = given ?? Places.variable("DEBOUNCED_CONFIG")
        func runDirectory(_ name: StaticString, owner: ByteString) throws(Fault) -> ByteString {
            if owner == program, let directory = arguments.values(of: "--run-dir").last { return directory }
            if let directory = Places.variable(name) { return directory }
            if Process.isRoot { return "/var/run/\(owner)" }
            guard let directory = Places.variable("XDG_RUNTIME_DIR") else { return "/tmp/\(owner)-\(Process.user)" }
            // su(1) leaves the variable as it was: the folder may belong to programs of another user.
            if let found = try FileStatus(at: directory), !found.isOurs {
                throw Fault(.cannotCreate, "XDG_RUNTIME_DIR: \(directory) is \(found.summary), not ours; unset it")
            }
            return "\(directory)/\(owner)"
        }
        daemon = try runDirectory("DEBOUNCED_RUN_DIR", owner: "debounced")
        updater = try runDirectory("CNAME_UPDATER_RUN_DIR", owner: "cname-updater")
    }

    /// - Throws: `settings` if the call names a settings file that is missing.
    public func checkConfig() throws(Fault) {
        if isConfigGiven, try FileStatus(at: config) == nil {
            throw Fault(.settings, "\(config): there is no such file")
        }
    }

    /// Variables, as NAME=VALUE, that lead the daemon's children to the same places.
    public var environment: [ByteString] {
        ["DEBOUNCED_RUN_DIR=\(daemon)"] + (moved.map { ["DEBOUNCED_CONFIG=\($0)"] } ?? [])
    }

    /// Returns the file that `uci show NAME` shows: libuci's `uci_file_load`, since 2025.
    public static func uci(_ name: ByteString) -> ByteString {
        let path: ByteString = "/var/run/uci/\(name)"
        return (try? FileStatus(at: path)) == nil ? "/etc/config/\(name)" : path
    }

    /// The FIFO from which `debounced` reads requests.
    public var fifo: ByteString { daemon + "/fifo" }

    public var lock: ByteString { daemon + "/lock" }

    public var settings: ByteString { daemon + "/settings" }

    /// The number of lines in the FIFO that were no request.
    public var rejected: ByteString { daemon + "/rejected" }

    /// The folder with the state of a job: see `JobState`.
    public func state(of job: ByteString) -> ByteString { "\(daemon)/jobs/\(job)" }

    /// A variable of the environment; nil if it is not set, or empty.
    private static func variable(_ name: StaticString) -> ByteString? {
        Process.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
