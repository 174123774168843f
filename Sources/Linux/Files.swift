import Basics
import CLinux

/// Small files and folders. `replace` changes a file in one step.
public enum Files {
    /// Returns the whole file.
    /// - Throws: `cannotCreate`, with the errno: ENOENT if the file is missing.
    public static func read(_ path: ByteString) throws(Fault) -> ByteString {
        guard let text = try readIfThere(path)
        else { throw Fault(.cannotCreate, "\(path): can't open", system: ENOENT) }
        return text
    }

    /// Returns the whole file, or nil if it is missing. Does not block.
    /// - Throws: `cannotCreate`, with the errno: ELOOP for a symbolic link, EISDIR for a folder, FIFO or device.
    public static func readIfThere(_ path: ByteString) throws(Fault) -> ByteString? {
        guard let file = try FileDescriptor.ifThere(path) else { return nil }
        let status = try file.status()
        guard status.isFile
        else { throw Fault(.cannotCreate, "\(path): is \(status.summary), not a file", errno: EISDIR) }
        return try file.text()
    }

    /// Writes `text` and a newline to a draft, then renames it. A kill leaves the old file or the new file, whole.
    /// - Parameter draft: The path of the draft; nil for `path` with `.new` added.
    /// - Throws: `cannotCreate`, with the errno: ENOSPC if the file system is full.
    public static func replace(_ path: ByteString, with text: ByteString, draft: ByteString? = nil) throws(Fault) {
        let draft = draft ?? path + ".new"
        try write(text, to: draft)
        try rename(draft, to: path)
    }

    /// Writes `text` and a newline to a file that other processes do not read, such as a draft.
    /// - Throws: `cannotCreate`, with the errno. The file is removed then.
    public static func write(_ text: ByteString, to path: ByteString, mode: mode_t = 0o600) throws(Fault) {
        let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        // umask(2) may keep other users from reading the file.
        if mode != 0o600 { fchmod(file.number, mode) }
        do throws(Fault) {
            try file.write(text + "\n")
        } catch {
            path.withCString { _ = unlink($0) }
            throw error
        }
    }

    /// - Throws: `cannotCreate`, with the errno: rename(2).
    public static func rename(_ path: ByteString, to new: ByteString) throws(Fault) {
        try onPath(path, to: "rename") { old in new.withCString { CLinux.rename(old, $0) } }
    }

    /// Makes a missing folder for this user alone.
    /// - Throws: `cannotCreate`, with the errno, or as `checkFolder` does.
    public static func makeFolder(_ path: ByteString) throws(Fault) {
        if try onPath(path, to: "make the folder", unless: EEXIST, { mkdir($0, 0o700) }) == -1 { try checkFolder(path) }
    }

    /// Makes a missing folder that every user may read.
    /// - Throws: `cannotCreate`, with the errno.
    public static func makePublicFolder(_ path: ByteString) throws(Fault) {
        if try onPath(path, to: "make the folder", unless: EEXIST, { mkdir($0, 0o755) }) == 0 {
            try onPath(path, to: "change the mode") { chmod($0, 0o755) }
        }
    }

    /// - Throws: `cannotCreate` if the path exists but is not this user's folder, or if others may write to it.
    public static func checkFolder(_ path: ByteString) throws(Fault) {
        guard let found = try FileStatus(at: path) else { return }
        guard found.isDirectory, found.isOurs
        else { throw Fault(.cannotCreate, "\(path): is \(found.summary), not a folder of ours") }
        guard !found.othersMayWrite
        else { throw Fault(.cannotCreate, "\(path): others may write to this folder; see chmod(1)") }
    }

    /// Returns the names in a folder, sorted by their bytes; no names if the folder is missing.
    /// - Parameter hidden: Whether to include names that start with a dot.
    /// - Throws: `cannotCreate`, with the errno.
    public static func names(in path: ByteString, hidden: Bool = false) throws(Fault) -> [ByteString] {
        var names: [ByteString] = []
        try forEachName(in: path) { name in
            if !name.hasPrefix(".") || hidden && name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Calls `body` with each name in a folder, with `.` and `..`, in any order. A missing folder has no names.
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
            // Only errno tells the end of the folder from a fault, which must not hide names.
            linux_clear_errno()
            guard let entry = readdir(folder) else {
                let failure = linux_errno()
                if failure == 0 { return }
                throw Fault(.cannotCreate, "\(path): can't read", system: failure)
            }
            body(ByteString(cString: linux_entry_name(entry)))
        }
    }

    /// Makes an empty file. Returns false if the path exists.
    /// - Throws: `cannotCreate`, with the errno.
    public static func create(_ path: ByteString) throws(Fault) -> Bool {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let number = try onPath(path, to: "make", unless: EEXIST) { linux_open($0, flags, 0o600) }
        if number != -1 { close(number) }
        return number != -1
    }

    /// Gives a file a second name: link(2). Returns false if the name is taken.
    /// - Throws: `cannotCreate`, with the errno.
    public static func link(_ path: ByteString, to new: ByteString) throws(Fault) -> Bool {
        try onPath(path, to: "link", unless: EEXIST) { old in new.withCString { CLinux.link(old, $0) } } == 0
    }

    /// The target of a symbolic link, up to 899 bytes: readlink(2). nil if that fails.
    public static func target(ofLink path: ByteString) -> ByteString? {
        var target = [CChar](repeating: 0, count: 900)
        let count = path.withCString { readlink($0, &target, target.count - 1) }
        return count < 0 ? nil : ByteString(cString: target)
    }

    /// Removes a file. Returns false if it is missing.
    /// - Throws: `cannotCreate`, with the errno.
    @discardableResult public static func remove(_ path: ByteString) throws(Fault) -> Bool {
        try onPath(path, to: "remove", unless: ENOENT) { unlink($0) } == 0
    }

    public static func removeEmptyFolder(_ path: ByteString) { path.withCString { _ = rmdir($0) } }

    /// Removes a folder and its content. A missing folder is no fault.
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
