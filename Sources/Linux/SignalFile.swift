import Basics
import CLinux

/// A signal as something to read, without any other effect on the process: signalfd(2).
public struct SignalFile: ~Copyable {
    private let file: FileDescriptor

    /// Holds the signal back from now on: sigprocmask(2).
    ///
    /// - Throws: `system` if there are no descriptors left.
    public init(_ signal: Int32) throws(Fault) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, signal)
        sigprocmask(SIG_BLOCK, &signals, nil)
        let number = signalfd(-1, &signals, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        if number == -1 { throw Fault(.system, "can't take signals", system: linux_errno()) }
        file = FileDescriptor(number: number)
    }

    /// Readable when the signal has come.
    public var number: Int32 { file.number }

    /// Passes over the signal, however often it has come.
    public borrowing func take() {
        var buffer = [UInt8](repeating: 0, count: 128)
        _ = try? file.read(into: &buffer)
    }
}
