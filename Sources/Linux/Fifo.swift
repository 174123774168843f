import Basics
import CLinux

/// The named pipe that requests come through: fifo(7).
public enum Fifo {
    /// Makes the FIFO, or takes the one that is there and ours, and opens it for reading without blocking.
    ///
    /// It is opened for writing too, which Linux allows, so that end-of-file never comes when a writer leaves. A file of ours
    /// in its place, which a redirection makes while no daemon runs, is renamed to `lines(of:)`.
    /// - Throws: `cannotCreate` with what stands in its place, if that is anything else; it is left alone.
    public static func open(_ path: ByteString) throws(Fault) -> FileDescriptor {
        // A redirection may make the file at any moment.
        while try onPath(path, to: "make the FIFO", unless: EEXIST, { mkfifo($0, 0o600) }) == -1,
            try FileStatus(at: path)?.isRequests ?? false
        { try Files.rename(path, to: lines(of: path)) }
        try check(FileStatus(at: path), at: path)
        let fifo = try FileDescriptor(opening: path, O_RDWR | O_NONBLOCK)
        try check(fifo.status(), at: path)
        // An earlier owner of the path may have left it open to others.
        try onPath(path, to: "change its mode") { [number = fifo.number] _ in fchmod(number, 0o600) }
        return fifo
    }

    /// Where lines are that were written to the FIFO's path while there was none.
    public static func lines(of path: ByteString) -> ByteString { path + ".lines" }

    /// Writes one line, in one write(2) that does not mix with others' (pipe(7), PIPE_BUF).
    /// - Parameter waits: For room, up to a second.
    /// - Throws: `unavailable` if nobody reads the FIFO, or if it is full and stays so;
    ///   `cannotCreate` if what is there is no FIFO of ours.
    public static func write(_ line: ByteString, to path: ByteString, waits: Bool = true) throws(Fault) {
        do throws(Fault) {
            // Opened without a look at it first: with O_NONBLOCK neither a FIFO nor a device nor a file holds us up.
            let fifo = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK)
            let status = try fifo.status()
            // The daemon that is to start reads it.
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
    /// A file that may hold requests: of our own, by no other name, and not too long.
    fileprivate var isRequests: Bool { isFile && isOurs && !othersMayWrite && names == 1 && size <= 65536 }
}
