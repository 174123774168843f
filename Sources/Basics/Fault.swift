public final class Fault: Error, Sendable {
    /// What went wrong. Each comment starts with the exit status, as in sysexits.h.
    public enum Code: Sendable {
        /// EX_USAGE, 64: a wrong call, a job that does not exist, or a lease event with an unknown `ACTION`.
        case usage
        /// EX_DATAERR, 65: a wrong value in a lease event or a `simulate` trace; a lease or token that storage refuses.
        case data
        /// EX_UNAVAILABLE, 69: `debounced` does not run, or does not read its FIFO. A request with `--wait` is
        /// withdrawn, or comes from the job's own command. `verify` finds that dnsmasq does not run.
        case unavailable
        /// EX_OSERR, 71: the kernel refused a process, a descriptor, a file watch, a netlink message or an operation on
        /// an open file; or Linux is older than 5.3.
        case system
        /// EX_CANTCREAT, 73: a file or folder can't be made, read, written or locked, is gone, or is not this user's.
        case cannotCreate
        /// EX_TEMPFAIL, 75: another process held a lock for 10 s (`FileLock.patience`).
        case busy
        /// EX_TEMPFAIL, 75: another daemon or `watch` runs. A reconcile that finds another reconcile catches the fault.
        case alreadyRunning
        /// EX_CONFIG, 78: a fault in the settings or in /etc/config/dhcp, an unreadable file, or no file at `--config`.
        case settings

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
    public let errno: Int32

    public init(_ code: Code, _ message: ByteString, errno: Int32 = 0) {
        (self.code, self.message, self.errno) = (code, message, errno)
    }
}
