/// What one round of asking found out about a target. If it has several addresses, the best answer counts (`max`).
public enum Answer: Int, Comparable, Sendable {
    /// It said nothing.
    case silent
    /// It said nothing. The kernel knew it until now, and is still asking.
    case undecided
    /// It is there.
    case answered

    public static func < (one: Answer, other: Answer) -> Bool {
        one.rawValue < other.rawValue
    }
}
