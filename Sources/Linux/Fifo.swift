import Basics
import CLinux

/// The FIFO from which the daemon reads notifications and requests: fifo(7).
public enum Fifo {
    /// Makes the FIFO, or adopts this user's FIFO, and opens it without blocking: for reading, and for writing, so that
    /// a read never meets end-of-file. A file that a redirection made in its place becomes `lines(of:)`.
    /// - Throws: `cannotCreate`, also for anything else at the path, which is left alone.
    public static func open(_ path: ByteString) throws(Fault) -> FileDescriptor {
        // A redirection may make a file at any moment.
        while try onPath(path, to: "make the FIFO", unless: EEXIST, { mkfifo($0, 0o600) }) == -1,
            try FileStatus(at: path)?.isRequests ?? false
        { try Files.rename(path, to: lines(of: path)) }
        try check(FileStatus(at: path), at: path)
        let fifo = try FileDescriptor(opening: path, O_RDWR | O_NONBLOCK)
        try check(fifo.status(), at: path)
        // An adopted FIFO may be open to other users.
        try onPath(path, to: "change its mode") { [number = fifo.number] _ in fchmod(number, 0o600) }
        return fifo
    }

    /// The file of the lines that were written to the path before there was a FIFO.
    public static func lines(of path: ByteString) -> ByteString { path + ".lines" }

    /// Writes a line in one write(2), so that lines of several writers do not mix: pipe(7), PIPE_BUF.
    /// - Parameter waits: Whether to wait for room in a full FIFO, up to a second.
    /// - Throws: `unavailable` if the FIFO has no reader or stays full; `cannotCreate` if it is not this user's FIFO.
    public static func write(_ line: ByteString, to path: ByteString, waits: Bool = true) throws(Fault) {
        do throws(Fault) {
            // O_NONBLOCK keeps the open from blocking on a FIFO or a device.
            let fifo = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK)
            let status = try fifo.status()
            // A file of lines for the next daemon: no daemon runs now.
            if status.isRequests { throw Fault(.unavailable, "", errno: ENOENT) }
            try check(status, at: path)
            do throws(Fault) {
                try fifo.write(line + "\n")
            } catch  where waits && error.errno == EAGAIN {
                var wait = [pollfd(fd: fifo.number, events: Int16(POLLOUT), revents: 0)]
                poll(&wait, 1, 1000)
                try fifo.write(line + "\n")
            }
        } catch {
            switch error.errno {
            case ENOENT, ENXIO, EPIPE:
                throw Fault(.unavailable, "\(path): debounced is not running", errno: error.errno)
            case EAGAIN: throw Fault(.unavailable, "\(path): full, debounced does not read it", errno: error.errno)
            case ELOOP:
                throw Fault(.cannotCreate, "\(path): is a symbolic link, not a FIFO of ours", errno: error.errno)
            default: throw error
            }
        }
    }

    private static func check(_ found: FileStatus?, at path: ByteString) throws(Fault) {
        guard let found else { throw Fault(.cannotCreate, "\(path): has gone") }
        guard found.isFifo, found.isOurs
        else { throw Fault(.cannotCreate, "\(path): is \(found.summary), not a FIFO of ours; left alone") }
    }
}

extension FileStatus {
    /// Whether a redirection may have made the file: it is this user's, has one name, and has at most 64 KB.
    fileprivate var isRequests: Bool { isFile && isOurs && !othersMayWrite && names == 1 && size <= 65536 }
}
