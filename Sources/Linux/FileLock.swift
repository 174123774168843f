import Basics
import CLinux

/// A lock that the kernel gives back when its holder ends, however it ends: fcntl(2), F_SETLK. A child process does
/// not inherit it.
public struct FileLock: ~Copyable {
    /// Its time says when the lock was taken, if the holder touches it. A lock on a file that has gone keeps nobody out.
    public let file: FileDescriptor

    /// How long a process waits for a lock.
    public static let patience: Duration = .seconds(10)

    /// Takes the lock, and waits for at most `patience`.
    /// - Throws: `busy` if the lock is not given back in time, or `alreadyRunning` for a patience of zero, each with the
    ///   process that holds the lock; `cannotCreate` if the file can't be made.
    public init(_ path: ByteString, patience: Duration = FileLock.patience) throws(Fault) {
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT)
        let end = Process.now + patience
        var pause: Duration = .microseconds(250)
        let number = file.number
        var lock = FileLock.region
        while try onPath(path, to: "lock", unless: EAGAIN, { _ in linux_lock(number, F_SETLK, &lock) }) == -1 {
            // It may have been given back just now.
            if Process.now >= end, let holder = try FileLock.holder(of: path) {
                throw patience == .zero
                    ? Fault(.alreadyRunning, "\(path): already running as process \(holder)")
                    : Fault(.busy, "\(path): waited for \(patience) s for process \(holder), which holds the lock")
            }
            Process.pause(pause)
            pause = min(pause * 2, .milliseconds(32))
        }
        self.file = file
    }

    /// The process that holds the lock, or nil.
    /// - Throws: `cannotCreate` if the file is there but can't be opened.
    public static func holder(of path: ByteString) throws(Fault) -> pid_t? {
        guard let file = try FileDescriptor.ifThere(path) else { return nil }
        var lock = region
        try onPath(path, to: "lock") { [number = file.number] _ in linux_lock(number, F_GETLK, &lock) }
        return lock.l_type == F_UNLCK ? nil : lock.l_pid
    }

    private static var region: flock {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_len = 1
        return lock
    }
}
