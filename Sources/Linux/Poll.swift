import Basics
import CLinux

/// Waits for several files at once: poll(2).
public enum Poll {
    /// Waits until one of the files can be read or has no writer left, or until `deadline`; without one, for ever.
    /// - Parameter files: Descriptors; a negative one stands for nothing.
    /// - Returns: For each file, whether it can be read.
    public static func readable(_ files: [Int32], until deadline: Instant?) -> [Bool] {
        var wait = files.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // A sleep without end gives the memory of the program's code back. The kernel reads the code from the file again.
        if deadline == nil { linux_release_code() }
        // At most a day: a caller that is woken too early waits again.
        let rest = deadline.map { max(.zero, min($0 - Process.now, .seconds(86400))).millisecondsRoundedUp } ?? -1
        guard poll(&wait, nfds_t(wait.count), Int32(rest)) > 0 else { return files.map { _ in false } }
        return wait.map {
            // With a file that is not open, poll(2) would return at once, again and again.
            precondition($0.revents & Int16(POLLNVAL) == 0)
            return $0.revents != 0
        }
    }
}
