/// Holds up a job's command until the test lets it go on.
public final class Gate {
    private let scratch = Scratch()

    public init() throws { try run(["mkfifo", scratch / "gate"]) }

    /// What a command does that is to wait, in the shell's words.
    public var wait: String { "read x <\(scratch / "gate")" }

    /// Lets one command go on, which may still be on its way to the gate.
    public func open() throws { try run(["sh", "-c", "echo >\(scratch / "gate")"]) }
}
