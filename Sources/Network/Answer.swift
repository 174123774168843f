/// The result of one round of probes. If a host has several addresses, the best answer counts (`max`).
public enum Answer: Comparable, Sendable {
    /// The host can't be probed: it is on no link of the router (behind a relay), or has a permanent entry.
    case elsewhere
    case silent
    /// The kernel has not reported a result.
    case undecided
    case answered
}
