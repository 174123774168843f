import Basics

/// A command and when it runs. The defaults are as in the settings file.
public struct Job: Equatable, Sendable {
    /// At most 63 letters, digits and `_`: a section and a folder have this name too.
    public var name: ByteString
    public var command: ByteString
    /// A line for `/bin/sh -c` that checks whether the command worked. It follows a command that succeeded.
    public var verify: ByteString?
    /// The verification of a restart of dnsmasq. It follows every command: one that was cut off may have left no
    /// dnsmasq.
    public static var verifiesDnsmasq: ByteString { "cname-updater verify" }
    /// The command runs after this time without a request.
    public var quiet: Duration = .seconds(10)
    /// The longest wait after the first request; zero: no bound.
    public var maxWait: Duration = .seconds(60)
    /// The command is ended after this time; zero: never.
    public var timeout: Duration = .seconds(60)
    /// The number of retries after a failure, with pauses that double.
    public var retries = 3
    /// The longest pause between tries, and between throttled runs; zero: no pause.
    public var maxInterval: Duration = .seconds(600)
    /// A job that is not enabled does not run; its accepted requests are kept.
    public var isEnabled = true

    public init(name: ByteString, command: ByteString) { (self.name, self.command) = (name, command) }

    public static func isName(_ name: ByteString) -> Bool { (1...63).contains(name.count) && name.isIdentifier }
}
