import Basics
import CLinux

/// Tells when something happens in folders: inotify(7).
public struct FileWatch: ~Copyable {
    private let events: FileDescriptor

    /// What the kernel reports of a folder.
    public enum Events {
        /// A file, or the folder itself, is replaced or removed.
        case changes
        /// The same, or a file is written.
        case changesAndWrites
        /// A file that was read is closed.
        case reads
    }

    /// - Throws: `system` if the system has no more watches.
    public init(_ kind: Events, in folders: [ByteString]) throws(Fault) {
        let changes = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
        let mask = kind == .reads ? IN_CLOSE_NOWRITE : kind == .changes ? changes : changes | IN_CLOSE_WRITE
        let number = inotify_init1(O_CLOEXEC | O_NONBLOCK)
        if number == -1 { throw Fault(.system, "can't watch files", system: linux_errno()) }
        let events = FileDescriptor(number: number)
        for path in folders where path.withCString({ inotify_add_watch(number, $0, UInt32(mask)) }) == -1 {
            throw Fault(.system, "\(path): can't watch it", system: linux_errno())
        }
        self.events = events
    }

    /// Readable when something has happened.
    public var number: Int32 { events.number }

    /// Waits for something to happen, but not longer than `duration`: poll(2).
    ///
    /// - Returns: false if nothing did.
    @discardableResult
    public borrowing func wait(upTo duration: Duration) -> Bool {
        Poll.readable([events.number], until: Process.now + duration)[0]
    }

    /// Passes over what has happened so far.
    public borrowing func take() throws(Fault) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        _ = try events.read(into: &buffer)
    }
}
