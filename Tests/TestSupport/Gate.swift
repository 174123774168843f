/// Holds a job's command until the test opens the gate.
public final class Gate {
    private let scratch = Scratch()

    public init() throws { try run(["mkfifo", scratch / "gate"]) }

    /// A shell command that waits at the gate.
    public var wait: String { "read x <\(scratch / "gate")" }

    /// Lets one command go on. Waits for the command if it has not reached the gate.
    public func open() throws { try run(["sh", "-c", "echo >\(scratch / "gate")"]) }
}
