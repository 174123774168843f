/// A moment on a clock that never jumps, such as CLOCK_MONOTONIC of clock_gettime(2).
public struct Instant: Comparable, Sendable {
    /// Since the clock's start. A `Duration` takes more memory and code.
    private let microseconds: Int64

    public var sinceStart: Duration { .microseconds(microseconds) }

    public init(sinceStart: Duration) { microseconds = sinceStart.microseconds }

    private init(_ microseconds: Int64) { self.microseconds = microseconds }

    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(instant.microseconds + duration.microseconds)
    }

    public static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(instant.microseconds - duration.microseconds)
    }

    public static func - (later: Instant, earlier: Instant) -> Duration {
        .microseconds(later.microseconds - earlier.microseconds)
    }

    public static func < (one: Instant, other: Instant) -> Bool { one.microseconds < other.microseconds }
}

/// The earlier of two moments. nil is a moment that never comes.
public func earliest(_ one: Instant?, _ other: Instant?) -> Instant? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
}
