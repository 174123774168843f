/// Why something could not be done: a closed code, one sentence, and the errno where a system call said no.
public struct Fault: Error, Equatable, Sendable {
    /// The exit status of a program that ends with this fault, numbered as in sysexits(3).
    public enum Code: Int32, Sendable {
        /// A call that the program does not know, or an unknown `ACTION`.
        case usage = 64
        /// A value from the network that is not what it should be.
        case data = 65
        /// `debounced` does not run or can't take the request.
        case unavailable = 69
        /// The system refused something that it usually grants.
        case system = 71
        /// A file or folder can't be made, read or written.
        case cannotCreate = 73
        /// Another `debounced` already runs on the run directory.
        case alreadyRunning = 75
        /// The settings are faulty.
        case settings = 78
    }

    public let code: Code
    public let message: ByteString
    /// 0 if no system call was involved.
    public let errno: Int32

    public init(_ code: Code, _ message: ByteString, errno: Int32 = 0) {
        self.code = code
        self.message = message
        self.errno = errno
    }
}
