import CLinux
import CTestSupport

/// Another process that holds a lock, until it is released: fcntl(2).
public final class LockHolder {
    public let process: pid_t

    public init(_ path: String) throws {
        process = lock_holder(path)
        if process == -1 { throw Failure("no lock on \(path)") }
    }

    deinit { release() }

    /// The kernel gives the lock back when its holder ends.
    public func release() {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
