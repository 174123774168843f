import Basics
import CLinux

/// An open file, which `deinit` closes. All descriptors close on exec.
public struct FileDescriptor: ~Copyable {
    public let number: Int32

    public init(number: Int32) { self.number = number }

    deinit { close(number) }

    /// Takes the result of a call that returns a descriptor, or -1 and an errno.
    /// - Throws: `system` for -1, with the errno and "can't PURPOSE: REASON".
    public init(_ number: Int32, to purpose: StaticString) throws(Fault) {
        if number == -1 { throw Fault(.system, "can't \(literal: purpose)", system: linux_errno()) }
        self.number = number
    }

    /// Opens a file, but follows no link: open(2).
    /// - Throws: `cannotCreate`, with the errno.
    init(opening path: ByteString, _ flags: Int32, mode: mode_t = 0o600) throws(Fault) {
        number = try onPath(path, to: "open") { linux_open($0, flags | O_CLOEXEC | O_NOFOLLOW, mode) }
    }

    /// Opens a file or folder for reading, but follows no link and does not block: open(2). nil if it is missing.
    /// - Throws: `cannotCreate`, with the errno.
    public static func ifThere(_ path: ByteString) throws(Fault) -> FileDescriptor? {
        let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let number = try onPath(path, to: "open", unless: ENOENT) { linux_open($0, flags, 0) }
        return number == -1 ? nil : FileDescriptor(number: number)
    }

    /// Opens a regular file of any user for reading, and follows links. nil for anything else. Does not block.
    public static func regularFile(at path: ByteString) -> FileDescriptor? {
        let number = path.withCString { linux_open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) }
        guard number != -1 else { return nil }
        let file = FileDescriptor(number: number)
        guard let status = try? file.status(), status.isFile else { return nil }
        return file
    }

    /// Reads as many bytes as fit into `buffer`: read(2).
    /// - Returns: The number of bytes; 0 at the end of the file or without a writer; nil for EAGAIN.
    /// - Throws: `system`, with the errno.
    public borrowing func read(into buffer: inout [UInt8]) throws(Fault) -> Int? {
        var failure: Int32 = 0
        let file = number
        let count = buffer.withUnsafeMutableBytes { bytes in
            retrying(failure: &failure) { CLinux.read(file, bytes.baseAddress, bytes.count) }
        }
        if count != -1 { return count }
        if failure == EAGAIN { return nil }
        throw Fault(.system, "can't read", system: failure)
    }

    public borrowing func skip() {
        var buffer = [UInt8](repeating: 0, count: 4000)
        _ = try? read(into: &buffer)
    }

    static let longest = 1 << 25

    /// Returns the whole file, at any read position: pread(2).
    /// - Throws: `cannotCreate`, with the errno; without errno if the file is longer than `longest` bytes.
    public borrowing func text() throws(Fault) -> ByteString {
        let file = number
        var failure: Int32 = 0
        var text: [UInt8] = []
        // One large read, as appends are slow. Files of /proc have no size: most fit into 448 bytes, a small block.
        let part = try max(448, min(status().size, FileDescriptor.longest) + 1)
        while true {
            let offset = off_t(text.count)
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: part) { bytes, length in
                count = retrying(failure: &failure) { pread(file, bytes.baseAddress, part, offset) }
                length = max(0, count)
            }
            if count == -1 { throw Fault(.cannotCreate, "\(path): can't read", system: failure) }
            if text.isEmpty { text = bytes } else { text += bytes }
            if text.count > FileDescriptor.longest {
                throw Fault(.cannotCreate, "\(path): longer than \(FileDescriptor.longest) bytes")
            }
            // A regular file gives fewer bytes only at its end.
            if count < part { return ByteString(text) }
        }
    }

    /// Writes all bytes: write(2), once if the file takes them.
    /// - Throws: `cannotCreate`, with the errno: EAGAIN if a pipe is full, EPIPE if it has no reader.
    public borrowing func write(_ text: ByteString) throws(Fault) {
        var failure: Int32 = 0
        let file = number
        var done = 0
        while done < text.count {
            let count = text.bytes.withUnsafeBytes { bytes in
                retrying(failure: &failure) { CLinux.write(file, bytes.baseAddress! + done, bytes.count - done) }
            }
            if count == -1 { throw Fault(.cannotCreate, "\(path): can't write", system: failure) }
            done += count
        }
    }

    private var path: ByteString {
        let link: ByteString = "/proc/self/fd/\(number)"
        return Files.target(ofLink: link) ?? link
    }

    /// Sets the time of the last change to now.
    /// - Throws: `system`, with the errno: futimens(3).
    public borrowing func touch() throws(Fault) {
        if futimens(number, nil) == -1 { throw Fault(.system, "\(path): can't touch", system: linux_errno()) }
    }

    /// - Throws: `system`, with the errno: fstat(2).
    public borrowing func status() throws(Fault) -> FileStatus {
        var status = stat()
        if fstat(number, &status) == -1 { throw Fault(.system, "can't stat", system: linux_errno()) }
        return FileStatus(status)
    }
}

public final class FileStatus {
    private let status: stat

    init(_ status: stat) { self.status = status }

    /// lstat(2); nil if the path is missing.
    /// - Throws: `cannotCreate`, with the errno.
    public init?(at path: ByteString) throws(Fault) {
        var status = stat()
        if try onPath(path, to: "look at it", unless: ENOENT, { lstat($0, &status) }) == -1 { return nil }
        self.status = status
    }

    public var inode: UInt64 { UInt64(status.st_ino) }
    public var size: Int { Int(clamping: status.st_size) }
    var names: Int { Int(status.st_nlink) }
    /// When the content last changed, on the wall clock.
    public var changed: Duration { Duration(status.st_mtim) }
    private var type: Int32 { Int32(status.st_mode) & Int32(S_IFMT) }
    public var isDirectory: Bool { type == S_IFDIR }
    public var isFile: Bool { type == S_IFREG }
    var isFifo: Bool { type == S_IFIFO }
    public var isOurs: Bool { status.st_uid == Process.user }
    public var othersMayWrite: Bool { status.st_mode & 0o022 != 0 }

    public func isSame(as other: FileStatus?) -> Bool { other?.status.st_dev == status.st_dev && other?.inode == inode }

    public var summary: ByteString {
        let kind: ByteString =
            switch type {
            case S_IFDIR: "a folder"
            case S_IFIFO: "a FIFO"
            case S_IFLNK: "a symbolic link"
            case S_IFREG: "a file"
            default: "something else"
            }
        return isOurs ? kind : "\(kind) of user \(status.st_uid)"
    }
}
