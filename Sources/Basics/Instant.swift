/// A moment on a clock that starts at an arbitrary point and never jumps, such as CLOCK_MONOTONIC of clock_gettime(2).
public struct Instant: Comparable, Sendable {
    /// The time since the clock's start.
    public let sinceStart: Duration

    public init(sinceStart: Duration) { self.sinceStart = sinceStart }

    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceStart: instant.sinceStart + duration)
    }

    public static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(sinceStart: instant.sinceStart - duration)
    }

    public static func - (later: Instant, earlier: Instant) -> Duration { later.sinceStart - earlier.sinceStart }

    public static func < (one: Instant, other: Instant) -> Bool { one.sinceStart < other.sinceStart }
}

extension Optional where Wrapped == Instant {
    /// The earlier of two moments, each of which may never come.
    public func earlier(_ other: Instant?) -> Instant? {
        guard let self, let other else { return self ?? other }
        return min(self, other)
    }
}
