import Basics
import CLinux

/// Tells when something happens in folders: inotify(7).
public struct FileWatch: ~Copyable {
    private let events: FileDescriptor

    /// What the kernel reports of a folder.
    public enum Events {
        /// A file, or the folder itself, is replaced or removed.
        case changes
        /// The same, or a file is written. The paths may be files, too; a missing one is passed over.
        case changesAndWrites
        /// A file that was read is closed.
        case reads
    }

    /// - Throws: `system` if the system has no more watches.
    public init(_ kind: Events, in folders: [ByteString]) throws(Fault) {
        let changes = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
        let mask = kind == .reads ? IN_CLOSE_NOWRITE : kind == .changes ? changes : changes | IN_CLOSE_WRITE | IN_MODIFY
        let events = try FileDescriptor(inotify_init1(O_CLOEXEC | O_NONBLOCK), to: "watch files")
        for path in folders where path.withCString({ inotify_add_watch(events.number, $0, UInt32(mask)) }) == -1 {
            if kind == .changesAndWrites, linux_errno() == ENOENT { continue }
            throw Fault(.system, "\(path): can't watch it", system: linux_errno())
        }
        self.events = events
    }

    /// Readable when something has happened.
    public var number: Int32 { events.number }

    /// Waits for something to happen, but not longer than `duration`: poll(2).
    /// - Returns: false if nothing did.
    @discardableResult public borrowing func wait(upTo duration: Duration) -> Bool {
        Poll.readable([events.number], until: Process.now + duration)[0]
    }

    /// Passes over what has happened so far.
    public borrowing func skip() { events.skip() }
}
