import Basics
import Dispatch
import Linux

/// One resettable timer. It is activated once, and set lazily: to a later time only when it fires too early, so that a
/// flood of requests, each of which moves the deadline, costs no system call.
final class Timer {
    /// nil before the start: Dispatch forbids to release a source that was never activated.
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
        let wait = max(.zero, deadline - now).millisecondsRoundedUp
        source?.schedule(deadline: .now() + .milliseconds(Int(wait)))
    }

    func cancel() {
        source?.cancel()
    }
}
