import CLinux
import CTestSupport

/// Another process that holds a lock until `release()`: fcntl(2).
public final class LockHolder {
    public let process: pid_t

    public init(_ path: String) throws {
        process = lock_holder(path)
        if process == -1 { throw Failure("no lock on \(path)") }
    }

    deinit { release() }

    /// Ends the process, and so the kernel releases the lock.
    public func release() {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
