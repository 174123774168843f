/// Why something could not be done: a closed code, one sentence, and the errno where a system call said no.
public final class Fault: Error, Sendable {
    /// The reason.
    public enum Code: Sendable {
        /// A call that the program does not know, or an unknown `ACTION`.
        case usage
        /// A value from the network that is not what it should be.
        case data
        /// `debounced` does not run or can't take the request.
        case unavailable
        /// The system refused something that it usually grants.
        case system
        /// A file or folder can't be made, read or written.
        case cannotCreate
        /// Somebody holds a lock for too long, or too many wait for it.
        case busy
        /// Another `debounced` already runs on the run directory.
        case alreadyRunning
        /// The settings are faulty.
        case settings

        /// The exit status that says so: sysexits(3).
        public var status: Int32 {
            switch self {
            case .usage: 64  // EX_USAGE
            case .data: 65  // EX_DATAERR
            case .unavailable: 69  // EX_UNAVAILABLE
            case .system: 71  // EX_OSERR
            case .cannotCreate: 73  // EX_CANTCREAT
            case .alreadyRunning, .busy: 75  // EX_TEMPFAIL
            case .settings: 78  // EX_CONFIG
            }
        }
    }

    public let code: Code
    public let message: ByteString
    /// 0 if no system call was involved.
    public let errno: Int32

    public init(_ code: Code, _ message: ByteString, errno: Int32 = 0) {
        (self.code, self.message, self.errno) = (code, message, errno)
    }
}
