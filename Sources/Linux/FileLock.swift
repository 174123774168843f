import Basics
import CLinux

/// A lock that the kernel gives back when its holder ends, however it ends: fcntl(2), F_SETLK. A child process does
/// not inherit it.
public struct FileLock: ~Copyable {
    private let file: FileDescriptor

    /// Takes the lock, waiting for whoever holds it.
    ///
    /// - Throws: `cannotCreate` if the file can't be made.
    public init(waitingFor path: ByteString) throws(Fault) {
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT)
        try FileLock.control(file, path, F_SETLKW)
        self.file = file
    }

    /// Takes the lock if it is free.
    ///
    /// - Throws: `alreadyRunning` with the process that holds it; `cannotCreate` if the file can't be made.
    public init(ifFree path: ByteString) throws(Fault) {
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT)
        do throws(Fault) {
            try FileLock.control(file, path, F_SETLK)
        } catch {
            guard let holder = try FileLock.holder(of: path) else { throw error }
            throw Fault(.alreadyRunning, "\(path): already running as process \(holder)")
        }
        self.file = file
    }

    /// The process that holds the lock, or nil.
    ///
    /// - Throws: `cannotCreate` if the file is there but can't be opened.
    public static func holder(of path: ByteString) throws(Fault) -> pid_t? {
        guard let file = try FileDescriptor.ifThere(path, O_RDWR) else { return nil }
        let lock = try control(file, path, F_GETLK)
        return lock.l_type == F_UNLCK ? nil : lock.l_pid
    }

    /// What the holder last wrote into the file.
    ///
    /// - Throws: `system`, with the errno.
    public borrowing func note() throws(Fault) -> ByteString {
        try file.text()
    }

    /// Writes over the start of what the file holds: it outlives the holder, however he ends.
    ///
    /// - Throws: `cannotCreate`, with the errno: never ENOSPC if the file was that long before.
    public borrowing func note(_ text: ByteString) throws(Fault) {
        try file.write(text, at: 0)
    }

    @discardableResult
    private static func control(
        _ file: borrowing FileDescriptor, _ path: ByteString, _ command: Int32
    ) throws(Fault) -> flock {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        let number = file.number
        try onPath(path, "lock") { _ in linux_lock(number, command, &lock) }
        return lock
    }
}
