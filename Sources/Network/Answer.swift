/// What one round of asking found out about a host. If it has several addresses, the best answer counts (`max`).
public enum Answer: Comparable, Sendable {
    /// It is on no link of ours, such as behind a relay: nothing can be said of it.
    case elsewhere
    /// It said nothing.
    case silent
    /// The kernel has not told.
    case undecided
    /// It is there.
    case answered
}
