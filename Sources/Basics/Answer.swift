/// What one round of asking found out about a target: of several addresses, the best answer counts (`max`).
public enum Answer: Int, Comparable, Sendable {
    /// It said nothing.
    case silent
    /// It said nothing, and the kernel, which has known it until now, has not done asking.
    case undecided
    /// It is there.
    case answered

    public static func < (one: Answer, other: Answer) -> Bool {
        one.rawValue < other.rawValue
    }
}
