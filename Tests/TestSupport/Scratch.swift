import CLinux

/// A test's folder, which is removed at the end of the test.
public final class Scratch {
    public let path: String

    /// - Parameter folder: The parent folder. /dev/shm is in memory, like all state on a router.
    public init(in folder: String = "/tmp") {
        var template = Array("\(folder)/dhcp-hook-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("no folder in \(folder)") }
        path = String(cString: made)
    }

    deinit {
        _ = try? run(["rm", "-rf", path])
    }

    public static func / (scratch: Scratch, name: String) -> String {
        scratch.path + "/" + name
    }

    /// Writes a file into the folder.
    ///
    /// - Returns: Its path.
    @discardableResult
    public func write(_ name: String, _ text: String, mode: mode_t = 0o644) -> String {
        let path = self / name
        if mode & 0o111 != 0 {
            // A program that another thread forks right now would inherit the open file: exec(3) fails with ETXTBSY.
            let text = write(name + ".text", text)
            _ = try? run(["install", "-m", "755", text, path])
            unlink(text)
            return path
        }
        let file = linux_open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        precondition(CLinux.write(file, text, text.utf8.count) == text.utf8.count, "can't write \(path)")
        close(file)
        return path
    }

    /// Replaces the text of a file. The file keeps its inode and is never empty, so that no reader finds it empty.
    public func overwrite(_ name: String, _ text: String) {
        let file = linux_open(self / name, O_WRONLY | O_CREAT, 0o644)
        precondition(CLinux.write(file, text, text.utf8.count) == text.utf8.count, "can't write \(name)")
        ftruncate(file, text.utf8.count)
        close(file)
    }
}

/// Returns the text of a small file without its last newline; nil if the file can't be read.
public func contents(_ path: String) -> String? {
    let file = linux_open(path, O_RDONLY, 0)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(file, &buffer, buffer.count)
        if count <= 0 { break }
        bytes += buffer[..<count]
    }
    if bytes.last == 10 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}
