import Basics
import Linux

/// Does what must not stop the daemon: a fault goes to the log, after the job's name.
func attempt(_ job: ByteString? = nil, _ body: () throws(Fault) -> Void) {
    do throws(Fault) {
        try body()
    } catch {
        Log.error((job.map { $0 + ": " } ?? "") + error.message)
    }
}

/// Logs a fault once, until another fault or `clear`.
struct FaultLog {
    private var last: Int64?

    /// - Parameter what: Tells faults apart: an errno, or a moment.
    mutating func error(_ line: ByteString, about what: Int64) {
        if what != last { Log.error(line) }
        last = what
    }

    mutating func clear() { last = nil }
}
