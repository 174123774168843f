import Basics
import CLinux

/// An open file that closes itself. All of ours close on exec.
public struct FileDescriptor: ~Copyable {
    public let number: Int32

    public init(number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// How to open a file: the flags of open(2). Without `writeOnly` and `readWrite` the file is opened for reading.
    public struct OpenOptions: OptionSet, Sendable {
        public let rawValue: Int32

        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        public static var writeOnly: OpenOptions { OpenOptions(rawValue: O_WRONLY) }
        public static var readWrite: OpenOptions { OpenOptions(rawValue: O_RDWR) }
        /// Makes the file if it is missing.
        public static var create: OpenOptions { OpenOptions(rawValue: O_CREAT) }
        /// Empties the file.
        public static var truncate: OpenOptions { OpenOptions(rawValue: O_TRUNC) }
        /// Writes at the end, even while others do so too.
        public static var append: OpenOptions { OpenOptions(rawValue: O_APPEND) }
        /// Opens a FIFO without a writer, or a device, at once.
        public static var nonBlocking: OpenOptions { OpenOptions(rawValue: O_NONBLOCK) }
    }

    /// Opens a file, and follows no link: open(2).
    ///
    /// - Throws: `cannotCreate`, with the errno.
    public init(opening path: ByteString, _ options: OpenOptions, mode: mode_t = 0o600) throws(Fault) {
        number = try onPath(path, "open") { linux_open($0, options.rawValue | O_CLOEXEC | O_NOFOLLOW, mode) }
    }

    /// Opens a file or folder without blocking; nil if it is missing: open(2).
    ///
    /// - Throws: `cannotCreate`, with the errno.
    public static func ifThere(_ path: ByteString, _ options: OpenOptions = []) throws(Fault) -> FileDescriptor? {
        var failure: Int32 = 0
        let flags = options.rawValue | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let number = path.withCString { name in retrying(failure: &failure) { linux_open(name, flags, 0) } }
        if number != -1 { return FileDescriptor(number: number) }
        if failure == ENOENT { return nil }
        throw Fault(.cannotCreate, "\(path): can't open", system: failure)
    }

    /// Somebody else's file, to read it: wherever a link leads, and without waiting for what is no file.
    ///
    /// - Returns: nil if there is none, or if it can't be read.
    public static func ofOthers(_ path: ByteString) -> FileDescriptor? {
        let number = path.withCString { linux_open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) }
        guard number != -1 else { return nil }
        let file = FileDescriptor(number: number)
        guard let status = try? file.status(), status.isFile else { return nil }
        return file
    }

    /// What a read found.
    public enum Chunk {
        /// So many bytes stand at the start of the buffer.
        case bytes(Int)
        /// Nothing is there now (EAGAIN).
        case nothing
        /// The end of the file: no writer is left.
        case end
    }

    /// read(2), as many bytes as fit into `buffer`.
    ///
    /// - Throws: `system`, with the errno.
    public borrowing func read(into buffer: inout [UInt8]) throws(Fault) -> Chunk {
        var failure: Int32 = 0
        let file = number
        let count = buffer.withUnsafeMutableBytes { bytes in
            retrying(failure: &failure) { CLinux.read(file, bytes.baseAddress, bytes.count) }
        }
        switch count {
        case 0: return .end
        case -1 where failure == EAGAIN: return .nothing
        case -1: throw Fault(.system, "can't read", system: failure)
        default: return .bytes(count)
        }
    }

    /// A longer file is a fault, in bytes: none of ours is.
    static let longest = 1 << 25

    /// The whole file from its start, wherever the next read would begin: pread(2).
    ///
    /// - Throws: `cannotCreate`, with the errno.
    public borrowing func text() throws(Fault) -> ByteString {
        var text: [UInt8] = []
        // At once, as a byte is copied slowly. Files of /proc have no size.
        let part = try max(2000, min(status().size, FileDescriptor.longest) + 1)
        while true {
            let bytes = try read(part, at: text.count)
            if text.isEmpty { text = bytes } else { text += bytes }
            if text.count > FileDescriptor.longest {
                throw Fault(.cannotCreate, "\(path): longer than \(FileDescriptor.longest) bytes")
            }
            // Only at its end does a file give less than was asked for.
            if bytes.count < part { return ByteString(text) }
        }
    }

    /// So many bytes from `offset` on, or as many as there are.
    private borrowing func read(_ most: Int, at offset: Int) throws(Fault) -> [UInt8] {
        let file = number
        var failure: Int32 = 0
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { bytes, length in
            count = retrying(failure: &failure) { pread(file, bytes.baseAddress, most, off_t(offset)) }
            length = max(0, count)
        }
        if count == -1 { throw Fault(.cannotCreate, "\(path): can't read", system: failure) }
        return bytes
    }

    /// write(2) of all bytes, in one call where the file takes them so.
    ///
    /// - Parameter offset: Where in the file to write, with pwrite(2); nil for where the last write ended.
    /// - Throws: `cannotCreate`, with the errno: EAGAIN if a pipe is full, EPIPE if nobody reads it.
    public borrowing func write(_ text: ByteString, at offset: Int? = nil) throws(Fault) {
        var failure: Int32 = 0
        let file = number
        var done = 0
        while done < text.count {
            let count = text.bytes.withUnsafeBytes { bytes in
                let (start, length) = (bytes.baseAddress! + done, bytes.count - done)
                return retrying(failure: &failure) {
                    guard let offset else { return CLinux.write(file, start, length) }
                    return pwrite(file, start, length, off_t(offset + done))
                }
            }
            if count == -1 { throw Fault(.cannotCreate, "\(path): can't write", system: failure) }
            done += count
        }
    }

    /// For a message: where the file is, or was. "/proc/self/fd/N" if the system does not say: proc(5).
    private var path: ByteString {
        let link: ByteString = "/proc/self/fd/\(number)"
        return Files.target(ofLink: link) ?? link
    }

    /// Sets the time of the last change to now: futimens(3).
    public borrowing func touch() throws(Fault) {
        if futimens(number, nil) == -1 { throw Fault(.system, "\(path): can't touch", system: linux_errno()) }
    }

    /// fstat(2).
    public borrowing func status() throws(Fault) -> FileStatus {
        var status = stat()
        if fstat(number, &status) == -1 { throw Fault(.system, "can't stat", system: linux_errno()) }
        return FileStatus(status)
    }
}

/// What stat(2) tells of a file.
public struct FileStatus {
    private let mode: mode_t
    private let owner: uid_t
    private let device: UInt64
    /// No other file on the file system has it as long as this one is there.
    public let inode: UInt64
    /// In bytes.
    public let size: Int
    /// The number of its names: hard links.
    public let names: Int
    /// When its content changed last, on the wall clock.
    public let changed: Duration

    init(_ status: stat) {
        mode = status.st_mode
        owner = status.st_uid
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int(clamping: status.st_size)
        names = Int(status.st_nlink)
        changed = .seconds(status.st_mtim.tv_sec) + .nanoseconds(status.st_mtim.tv_nsec)
    }

    /// lstat(2); nil if there is nothing at `path`.
    ///
    /// - Throws: `cannotCreate`, with the errno.
    public init?(at path: ByteString) throws(Fault) {
        var status = stat()
        var failure: Int32 = 0
        let result = path.withCString { name in retrying(failure: &failure) { lstat(name, &status) } }
        if result == -1 {
            if failure == ENOENT { return nil }
            throw Fault(.cannotCreate, "\(path): can't look at it", system: failure)
        }
        self.init(status)
    }

    private var type: Int32 { Int32(mode) & Int32(S_IFMT) }
    public var isDirectory: Bool { type == S_IFDIR }
    public var isFile: Bool { type == S_IFREG }
    public var isFifo: Bool { type == S_IFIFO }
    public var isOurs: Bool { owner == Process.user }
    /// Somebody else than the owner may write to it.
    public var othersMayWrite: Bool { mode & 0o022 != 0 }

    /// It is the same file, by whatever name.
    public func isSame(as other: FileStatus?) -> Bool {
        other?.device == device && other?.inode == inode
    }

    /// For a message: "a folder of user 1000".
    public var summary: ByteString {
        let kind: ByteString =
            switch type {
            case S_IFDIR: "a folder"
            case S_IFIFO: "a FIFO"
            case S_IFLNK: "a symbolic link"
            case S_IFREG: "a file"
            default: "something else"
            }
        return isOurs ? kind : "\(kind) of user \(owner)"
    }
}
