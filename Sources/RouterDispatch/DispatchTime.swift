import Basics
import Linux

/// A moment of CLOCK_MONOTONIC.
public struct DispatchTime: Sendable {
    /// nil if the moment never comes.
    let moment: Instant?

    public static let distantFuture = DispatchTime(moment: nil)

    public static func now() -> DispatchTime { DispatchTime(moment: Process.now) }

    public static func + (time: DispatchTime, interval: Duration) -> DispatchTime {
        DispatchTime(moment: time.moment.map { $0 + interval })
    }
}
