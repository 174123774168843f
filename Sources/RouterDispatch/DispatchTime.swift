import Basics
import Linux

/// A moment on the clock that does not jump.
public struct DispatchTime: Sendable {
    /// nil: never.
    let moment: Instant?

    public static let distantFuture = DispatchTime(moment: nil)

    public static func now() -> DispatchTime { DispatchTime(moment: Process.now) }

    public static func + (time: DispatchTime, interval: Duration) -> DispatchTime {
        DispatchTime(moment: time.moment.map { $0 + interval })
    }
}
