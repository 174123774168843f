import Basics
import CLinux

public enum Poll {
    /// Waits until a file is readable or has lost its last writer, or until `deadline`: poll(2). Without a deadline,
    /// waits for ever. Returns whether each file is readable.
    /// - Parameter files: Descriptors. A negative number is ignored.
    public static func readable(_ files: [Int32], until deadline: Instant?) -> [Bool] {
        var wait = files.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Before an endless sleep, frees the memory of the code, which the kernel reads from the file again.
        if deadline == nil { linux_release_code() }
        // A day at most: a caller that wakes too early waits again.
        let rest = deadline.map { max(.zero, min($0 - Process.now, .seconds(86400))).millisecondsRoundedUp } ?? -1
        guard poll(&wait, nfds_t(wait.count), Int32(rest)) > 0 else { return files.map { _ in false } }
        return wait.map {
            // poll(2) returns at once for a descriptor that is not open: callers would spin.
            precondition($0.revents & Int16(POLLNVAL) == 0)
            return $0.revents != 0
        }
    }
}
