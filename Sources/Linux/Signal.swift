import Basics
import CLinux

/// The signals that the programs send or take: signal(7).
public struct Signal: Sendable {
    public let number: Int32

    public static let hangUp = Signal(number: SIGHUP)
    public static let interrupt = Signal(number: SIGINT)
    public static let kill = Signal(number: SIGKILL)
    public static let terminate = Signal(number: SIGTERM)
    public static let user1 = Signal(number: SIGUSR1)
}

extension FileDescriptor {
    /// A signal as something to read, without any other effect on the process: signalfd(2). It is held back from now on:
    /// sigprocmask(2).
    /// - Throws: `system` if there are no descriptors left.
    public init(signal: Int32) throws(Fault) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, signal)
        sigprocmask(SIG_BLOCK, &signals, nil)
        try self.init(signalfd(-1, &signals, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)), to: "take signals")
    }
}
