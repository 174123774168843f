import Basics
import CLinux

public struct Signal: Sendable {
    public let number: Int32

    public static let hangUp = Signal(number: SIGHUP)
    public static let interrupt = Signal(number: SIGINT)
    public static let kill = Signal(number: SIGKILL)
    public static let terminate = Signal(number: SIGTERM)
    public static let user1 = Signal(number: SIGUSR1)
}

extension FileDescriptor {
    /// Blocks a signal, and makes it readable: sigprocmask(2), signalfd(2).
    /// - Throws: `system`, with the errno.
    public init(signal: Int32) throws(Fault) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, signal)
        sigprocmask(SIG_BLOCK, &signals, nil)
        try self.init(signalfd(-1, &signals, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)), to: "take signals")
    }
}
