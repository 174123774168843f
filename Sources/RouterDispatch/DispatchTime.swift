import Basics
import Linux

public struct DispatchTime: Sendable {
    let moment: Instant?

    public static let distantFuture = DispatchTime(moment: nil)

    public static func now() -> DispatchTime { DispatchTime(moment: Process.now) }

    public static func + (time: DispatchTime, interval: Duration) -> DispatchTime {
        DispatchTime(moment: time.moment.map { $0 + interval })
    }
}
