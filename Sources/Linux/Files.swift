import Basics
import CLinux

/// Small files and folders, each change visible whole or not at all.
public enum Files {
    /// The whole file.
    /// - Throws: `cannotCreate`, with the errno: ENOENT if it isn't there.
    public static func read(_ path: ByteString) throws(Fault) -> ByteString {
        guard let text = try readIfThere(path)
        else { throw Fault(.cannotCreate, "\(path): can't open", system: ENOENT) }
        return text
    }

    /// The whole file; nil if there is none.
    /// - Throws: `cannotCreate`, with the errno; with EISDIR, at once, if there is something other than a file.
    public static func readIfThere(_ path: ByteString) throws(Fault) -> ByteString? {
        guard let file = try FileDescriptor.ifThere(path) else { return nil }
        let status = try file.status()
        guard status.isFile
        else { throw Fault(.cannotCreate, "\(path): is \(status.summary), not a file", errno: EISDIR) }
        return try file.text()
    }

    /// Replaces the file's content (and a newline) atomically: written beside it, then rename(2).
    /// - Parameter draft: Where it is written; nil for the path with `.new` behind it.
    /// - Throws: `cannotCreate`, with the errno: ENOSPC if the file system is full.
    public static func replace(_ path: ByteString, with text: ByteString, draft: ByteString? = nil) throws(Fault) {
        let draft = draft ?? path + ".new"
        try write(text, to: draft)
        try rename(draft, to: path)
    }

    /// Writes a file (and a newline) where nobody looks yet.
    /// - Throws: `cannotCreate`, with the errno.
    public static func write(_ text: ByteString, to path: ByteString, mode: mode_t = 0o600) throws(Fault) {
        let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        // Whatever umask(2) was left to us: others are to read it.
        if mode != 0o600 { fchmod(file.number, mode) }
        do throws(Fault) {
            try file.write(text + "\n")
        } catch {
            path.withCString { _ = unlink($0) }
            throw error
        }
    }

    /// rename(2).
    public static func rename(_ path: ByteString, to new: ByteString) throws(Fault) {
        try onPath(path, to: "rename") { old in new.withCString { CLinux.rename(old, $0) } }
    }

    /// Makes a missing folder that only its owner may use.
    /// - Throws: `cannotCreate` if it can't be made, or if what is there is no folder, somebody else's, or open to
    ///   other writers.
    public static func makeFolder(_ path: ByteString) throws(Fault) {
        // The folder may have gone again by then. The next call that uses it reports that.
        if try onPath(path, to: "make the folder", unless: EEXIST, { mkdir($0, 0o700) }) == -1 { try checkFolder(path) }
    }

    /// Makes a missing folder that all may read.
    /// - Throws: `cannotCreate`.
    public static func makePublicFolder(_ path: ByteString) throws(Fault) {
        if try onPath(path, to: "make the folder", unless: EEXIST, { mkdir($0, 0o755) }) == 0 {
            try onPath(path, to: "change the mode") { chmod($0, 0o755) }
        }
    }

    /// Looks whether a folder is ours, if there is one.
    /// - Throws: `cannotCreate` if what is there is no folder, somebody else's, or open to other writers.
    public static func checkFolder(_ path: ByteString) throws(Fault) {
        guard let found = try FileStatus(at: path) else { return }
        guard found.isDirectory, found.isOurs
        else { throw Fault(.cannotCreate, "\(path): is \(found.summary), not a folder of ours") }
        guard !found.othersMayWrite
        else { throw Fault(.cannotCreate, "\(path): others may write to this folder; see chmod(1)") }
    }

    /// The names in a folder, sorted by their bytes. Empty if there is no such folder.
    /// - Parameter hidden: Also those that start with a dot.
    /// - Throws: `cannotCreate`, with the errno.
    public static func names(in path: ByteString, hidden: Bool = false) throws(Fault) -> [ByteString] {
        var names: [ByteString] = []
        try forEachName(in: path) { name in
            if !name.hasPrefix(".") || hidden && name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Calls `body` with each name in a folder, in any order; never if there is no such folder.
    /// - Throws: `cannotCreate`, with the errno.
    public static func forEachName(in path: ByteString, _ body: (ByteString) -> Void) throws(Fault) {
        var failure: Int32 = 0
        let opened = path.withCString { name in
            // opendir(3) fails with a null pointer, not with -1.
            retrying(failure: &failure) { Int(bitPattern: opendir(name)) - 1 } + 1
        }
        guard let folder = OpaquePointer(bitPattern: opened) else {
            if failure == ENOENT { return }
            throw Fault(.cannotCreate, "\(path): can't open", system: failure)
        }
        defer { closedir(folder) }
        while true {
            // Only errno tells the end from a fault. Taken for the end, a fault would hide names.
            linux_clear_errno()
            guard let entry = readdir(folder) else {
                let failure = linux_errno()
                if failure == 0 { return }
                throw Fault(.cannotCreate, "\(path): can't read", system: failure)
            }
            body(ByteString(cString: linux_entry_name(entry)))
        }
    }

    /// Makes an empty file.
    /// - Returns: false if something is there already.
    /// - Throws: `cannotCreate`, with the errno.
    public static func create(_ path: ByteString) throws(Fault) -> Bool {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let number = try onPath(path, to: "make", unless: EEXIST) { linux_open($0, flags, 0o600) }
        if number != -1 { close(number) }
        return number != -1
    }

    /// Gives a file a second name: link(2).
    /// - Returns: false if that name is taken.
    /// - Throws: `cannotCreate`, with the errno.
    public static func link(_ path: ByteString, to new: ByteString) throws(Fault) -> Bool {
        try onPath(path, to: "link", unless: EEXIST) { old in new.withCString { CLinux.link(old, $0) } } == 0
    }

    /// Where a symbolic link leads, up to 899 bytes: readlink(2); nil if that can't be read.
    public static func target(ofLink path: ByteString) -> ByteString? {
        var target = [CChar](repeating: 0, count: 900)
        let count = path.withCString { readlink($0, &target, target.count - 1) }
        return count < 0 ? nil : ByteString(cString: target)
    }

    /// Removes a file.
    /// - Returns: false if there is none.
    /// - Throws: `cannotCreate`, with the errno.
    @discardableResult public static func remove(_ path: ByteString) throws(Fault) -> Bool {
        try onPath(path, to: "remove", unless: ENOENT) { unlink($0) } == 0
    }

    /// Removes a folder if nothing is in it: rmdir(2).
    public static func removeEmptyFolder(_ path: ByteString) { path.withCString { _ = rmdir($0) } }

    /// Removes a folder and all that is in it, if it is there.
    /// - Throws: `cannotCreate`, with the errno.
    public static func removeFolder(_ path: ByteString) throws(Fault) {
        do throws(Fault) {
            for name in try names(in: path, hidden: true) {
                let path: ByteString = "\(path)/\(name)"
                if try FileStatus(at: path)?.isDirectory ?? false { try removeFolder(path) } else { try remove(path) }
            }
            try onPath(path, to: "remove", unless: ENOENT) { rmdir($0) }
        } catch  where error.errno == ENOTEMPTY {
            try removeFolder(path)
        }
    }
}
