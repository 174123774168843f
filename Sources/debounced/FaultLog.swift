import Basics
import Linux

/// Logs what is wrong once: not again before it is something else, or was right in between.
struct FaultLog {
    /// What was logged last.
    private var last: Int64?

    /// - Parameter what: Tells one thing from another: an errno, or a moment.
    mutating func error(_ line: ByteString, about what: Int64) {
        if what != last { Log.error(line) }
        last = what
    }

    /// It is right now.
    mutating func clear() {
        last = nil
    }
}
