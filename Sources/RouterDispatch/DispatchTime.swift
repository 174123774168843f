import Basics
import Linux

/// A moment on the clock that does not jump.
public struct DispatchTime: Sendable {
    /// nil: never.
    let moment: Instant?

    public static let distantFuture = DispatchTime(moment: nil)

    public static func now() -> DispatchTime {
        DispatchTime(moment: Process.now)
    }

    public static func + (time: DispatchTime, interval: DispatchTimeInterval) -> DispatchTime {
        switch interval {
        case .milliseconds(let number): DispatchTime(moment: time.moment.map { $0 + .milliseconds(number) })
        }
    }
}

public enum DispatchTimeInterval {
    case milliseconds(Int)
}
