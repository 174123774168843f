import Basics
import Dispatch

/// A timer that can be set again. A later deadline is set lazily, when the earlier one fires: a flood of requests, each
/// of which moves the deadline, costs no system call.
final class Timer {
    private let source = DispatchSource.makeTimerSource(queue: .main)
    private var armed: Instant?

    init(_ handler: @escaping () -> Void) {
        source.setEventHandler { [self] in
            armed = nil
            handler()
        }
        source.schedule(deadline: .distantFuture)
        source.activate()
    }

    /// - Parameter deadline: When the handler must be called; it may be called earlier. nil: never.
    func set(_ deadline: Instant?, now: Instant) {
        if armed == deadline { return }
        if let armed, let deadline, armed <= deadline { return }
        armed = deadline
        let wait = deadline.map { max(.zero, $0 - now).millisecondsRoundedUp }
        source.schedule(deadline: wait.map { .now() + .milliseconds(Int($0)) } ?? .distantFuture)
    }

    func cancel() { source.cancel() }
}
