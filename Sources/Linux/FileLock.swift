import Basics
import CLinux

/// A lock that the kernel releases when its holder ends, even by SIGKILL: fcntl(2). Child processes do not inherit it.
public struct FileLock: ~Copyable {
    /// Its time is when the lock was taken, if the holder calls `touch`. A removed file locks out no process.
    public let file: FileDescriptor

    public static let patience: Duration = .seconds(10)

    /// Takes the lock, and waits for at most `patience`.
    /// - Throws: `busy` after `patience`, or `alreadyRunning` if that is zero; `cannotCreate`, with the errno.
    public init(_ path: ByteString, patience: Duration = FileLock.patience) throws(Fault) {
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT)
        let end = Process.now + patience
        var pause: Duration = .microseconds(250)
        let number = file.number
        var lock = FileLock.region
        while try onPath(path, to: "lock", unless: EAGAIN, { _ in linux_lock(number, F_SETLK, &lock) }) == -1 {
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

    /// Returns the process that holds the lock.
    /// - Throws: `cannotCreate`, with the errno, unless the file is missing.
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
