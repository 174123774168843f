import Basics
import CLinux

/// Reports events in folders: inotify(7).
public struct FileWatch: ~Copyable {
    private let events: FileDescriptor

    public enum Events {
        /// A file, or the folder itself, is replaced, moved or removed.
        case changes
        /// `changes`, and a file is written. A path may also be a file, or missing.
        case changesAndWrites
        /// A file is closed that was open for reading only.
        case reads
    }

    /// - Throws: `system`, with the errno: ENOSPC if the kernel has no watch left.
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

    public var number: Int32 { events.number }

    /// Waits for an event for at most `duration`, and returns whether it came: poll(2).
    @discardableResult public borrowing func wait(upTo duration: Duration) -> Bool {
        Poll.readable([events.number], until: Process.now + duration)[0]
    }

    public borrowing func skip() { events.skip() }
}
