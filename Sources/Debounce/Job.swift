import Basics

/// A command and when it runs. The defaults are those of the settings file.
public struct Job: Equatable, Sendable {
    /// Letters, digits and `_`, at most 63 bytes: it is also the name of a section and of a folder.
    public var name: ByteString
    /// A line for `/bin/sh -c`.
    public var command: ByteString
    /// A line that is run after the command and tells whether it did any good. `verifiesDnsmasq` follows every command, any
    /// other line a command that succeeded.
    public var verify: ByteString?
    /// The verification of a restart of dnsmasq. It starts dnsmasq again if the command was cut off.
    public static var verifiesDnsmasq: ByteString { "cname-updater verify" }
    /// So long without a request before the command runs.
    public var quiet: Duration = .seconds(10)
    /// Never wait longer than this after the first request; zero: no bound.
    public var maxWait: Duration = .seconds(60)
    /// The command is ended after this; zero: never.
    public var timeout: Duration = .seconds(60)
    /// So often a command that failed is tried again, further and further apart.
    public var retries = 3
    /// The longest pause between tries, and between throttled runs; zero: none.
    public var maxInterval: Duration = .seconds(600)
    /// If not, it is as if the job were not there, but what was accepted for it is kept.
    public var isEnabled = true

    public init(name: ByteString, command: ByteString) { (self.name, self.command) = (name, command) }

    public static func isName(_ name: ByteString) -> Bool { (1...63).contains(name.count) && name.isIdentifier }
}
