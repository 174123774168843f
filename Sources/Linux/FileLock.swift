import Basics
import CLinux

/// A lock that the kernel gives back when its holder ends, however it ends: fcntl(2), F_SETLK. A child process does
/// not inherit it.
public struct FileLock: ~Copyable {
    private let file: FileDescriptor

    /// How many may wait for a lock at the same time.
    public static let places = 20
    /// How long they wait.
    public static let patience: Duration = .seconds(10)

    /// Takes the lock, waiting for whoever holds it, but neither for ever nor among ever more.
    ///
    /// - Throws: `busy` if all places of those that wait are taken, or the lock is not given back in time; `cannotCreate` if
    ///   the file can't be made.
    public init(waitingFor path: ByteString) throws(Fault) {
        let file = try FileDescriptor(opening: path, [.readWrite, .create])
        if try !FileLock.takes(0, of: file, path) {
            // A place is a lock too, on a byte further on: the kernel gives it back.
            var place = 1
            while try !FileLock.takes(place, of: file, path) {
                place += 1
                guard place <= FileLock.places else { throw try FileLock.busy(path, "\(FileLock.places) others wait") }
            }
            let end = Process.now + FileLock.patience
            var pause: Duration = .microseconds(250)
            while try !FileLock.takes(0, of: file, path) {
                guard Process.now < end else { throw try FileLock.busy(path, "waited for \(FileLock.patience) s") }
                Process.pause(pause)
                pause = min(pause * 2, .milliseconds(32))
            }
            var unlock = FileLock.region(place, F_UNLCK)
            _ = linux_lock(file.number, F_SETLK, &unlock)
        }
        self.file = file
    }

    /// Holds the lock while `body` runs.
    ///
    /// - Throws: As `init(waitingFor:)`, and what `body` throws.
    public static func hold<Result>(_ path: ByteString, _ body: () throws(Fault) -> Result) throws(Fault) -> Result {
        let lock = try FileLock(waitingFor: path)
        defer { _ = lock }
        return try body()
    }

    private static func busy(_ path: ByteString, _ what: ByteString) throws(Fault) -> Fault {
        let holder = try FileLock.holder(of: path)
        return Fault(.busy, "\(path): \(what) for process \(holder.map { "\($0)" } ?? "-"), which holds the lock")
    }

    /// - Parameter byte: 0 is the lock, those behind it are the places of those that wait.
    /// - Returns: false if somebody else has it.
    private static func takes(
        _ byte: Int, of file: borrowing FileDescriptor, _ path: ByteString
    ) throws(Fault) -> Bool {
        var lock = region(byte)
        return try onPath(path, "lock", unless: EAGAIN) { [number = file.number] _ in
            linux_lock(number, F_SETLK, &lock)
        } == 0
    }

    /// Takes the lock if it is free.
    ///
    /// - Throws: `alreadyRunning` with the process that holds it; `cannotCreate` if the file can't be made.
    public init(ifFree path: ByteString) throws(Fault) {
        let file = try FileDescriptor(opening: path, [.readWrite, .create])
        while try !FileLock.takes(0, of: file, path) {
            // It may have been given back just now.
            guard let holder = try FileLock.holder(of: path) else { continue }
            throw Fault(.alreadyRunning, "\(path): already running as process \(holder)")
        }
        self.file = file
    }

    /// The process that holds the lock, or nil.
    ///
    /// - Throws: `cannotCreate` if the file is there but can't be opened.
    public static func holder(of path: ByteString) throws(Fault) -> pid_t? {
        guard let file = try FileDescriptor.ifThere(path, .readWrite) else { return nil }
        var lock = region(0)
        try onPath(path, "lock") { [number = file.number] _ in linux_lock(number, F_GETLK, &lock) }
        return lock.l_type == F_UNLCK ? nil : lock.l_pid
    }

    /// Whether the file is still in its place: a lock on a file that has gone keeps nobody out.
    ///
    /// - Throws: `cannotCreate`, with the errno.
    public borrowing func isInPlace(_ path: ByteString) throws(Fault) -> Bool {
        try file.status().isSame(as: FileStatus(at: path))
    }

    /// What the file holds: the holder before us may have left something there.
    ///
    /// - Throws: `cannotCreate`, with the errno.
    public borrowing func text() throws(Fault) -> ByteString {
        try file.text()
    }

    /// Writes over what the file holds, in one call. It outlives us, however we end.
    ///
    /// - Parameter text: Not shorter than what the file holds.
    /// - Throws: `cannotCreate`, with the errno: never ENOSPC if the file was that long before.
    public borrowing func write(_ text: ByteString) throws(Fault) {
        try file.write(text, at: 0)
    }

    private static func region(_ byte: Int, _ type: Int32 = F_WRLCK) -> flock {
        var lock = flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = off_t(byte)
        lock.l_len = 1
        return lock
    }
}
