import Basics
import CLinux

/// Tells when something happens to a file: inotify(7).
public struct FileWatch: ~Copyable {
    private let events: FileDescriptor

    /// Somebody writes to the file.
    ///
    /// - Parameter file: It may have lost its name.
    /// - Throws: `system` if the system has no more watches.
    public init(writesTo file: borrowing FileDescriptor) throws(Fault) {
        try self.init(["/proc/self/fd/\(file.number)"], IN_MODIFY)
    }

    /// Something is taken away from the folder, or replaced in it, or the folder itself is.
    ///
    /// - Throws: `system` if the system has no more watches.
    public init(removalsFrom folder: ByteString) throws(Fault) {
        try self.init([folder], IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
    }

    /// A file in one of the folders is replaced, or a folder is removed.
    ///
    /// - Throws: `system` if the system has no more watches.
    public init(changesIn folders: [ByteString]) throws(Fault) {
        try self.init(folders, IN_MOVED_TO | IN_DELETE_SELF)
    }

    /// Somebody has read a file in the folder, and closes it.
    ///
    /// - Throws: `system` if the system has no more watches.
    public init(readsIn folder: ByteString) throws(Fault) {
        try self.init([folder], IN_CLOSE_NOWRITE)
    }

    /// A file in one of the folders is written, replaced or removed.
    ///
    /// - Throws: `system` if the system has no more watches.
    public init(filesIn folders: [ByteString]) throws(Fault) {
        try self.init(folders, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF)
    }

    private init(_ paths: [ByteString], _ mask: Int32) throws(Fault) {
        let number = inotify_init1(O_CLOEXEC | O_NONBLOCK)
        if number == -1 { throw Fault(.system, "can't watch files", system: linux_errno()) }
        let events = FileDescriptor(number: number)
        for path in paths where path.withCString({ inotify_add_watch(number, $0, UInt32(mask)) }) == -1 {
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
