import Basics
import Linux

/// Does what must not stop the daemon if it fails: then the log has the fault.
///
/// - Parameter job: The name of the job that it is about.
func attempt(_ job: ByteString? = nil, _ body: () throws(Fault) -> Void) {
    do throws(Fault) {
        try body()
    } catch {
        Log.error((job.map { $0 + ": " } ?? "") + error.message)
    }
}

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
    mutating func clear() { last = nil }
}
