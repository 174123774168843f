import Basics
import Dispatch
import Linux

/// One resettable timer. It is activated once, and set lazily: to a later time only when it fires too early, so that a
/// flood of requests, each of which moves the deadline, costs no system call.
final class Timer {
    /// nil before the start: a source that was never activated can't be let go of.
    private var source: DispatchSourceTimer?
    private var armed: Instant?

    func start(_ handler: @escaping () -> Void) {
        let source = DispatchSource.makeTimerSource(queue: .main)
        source.setEventHandler { [self] in
            armed = nil
            handler()
        }
        source.schedule(deadline: .distantFuture)
        source.activate()
        self.source = source
    }

    /// - Parameter deadline: When the handler is wanted; it may be called earlier. nil: not at all.
    func set(_ deadline: Instant?, now: Instant) {
        guard let deadline else {
            if armed != nil { source?.schedule(deadline: .distantFuture) }
            armed = nil
            return
        }
        if let armed, armed <= deadline { return }
        armed = deadline
        let (seconds, attoseconds) = max(.zero, deadline - now).components
        // Rounded up: a timer that fires too early only has to be set again.
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000) + 1
        source?.schedule(deadline: .now() + .milliseconds(milliseconds))
    }

    func cancel() {
        source?.cancel()
    }
}
