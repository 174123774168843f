import CLinux
import TestSupport

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

func lineCount(_ path: String) -> Int { contents(path)?.split(separator: "\n").count ?? 0 }

/// Returns the tracer's child, which is the traced program.
func traced(by program: Program) -> pid_t? {
    let children = contents("/proc/\(program.process)/task/\(program.process)/children") ?? ""
    return children.split(separator: " ").first.flatMap { pid_t(String($0)) }
}

/// Returns the system calls that a daemon makes while `body` runs. `body` gets the path of the trace.
///
/// - Parameter kinds: The kinds of calls, as in `-e trace=` of strace(1).
func calls(
    _ kinds: String, of daemon: Daemon, while body: (_ file: String) throws -> Void
) throws -> [Substring] {
    let file = daemon.scratch / "trace"
    let strace = try daemon.spawn([
        "strace", "-f", "-e", "trace=\(kinds)", "-o", file, "-p", "\(daemon.program.process)",
    ])
    try strace.line(with: "attached")
    try body(file)
    strace.signal(SIGTERM)
    try strace.end()
    return contents(file)!.split(separator: "\n")
}

func hasEnded(_ program: Program) -> Bool {
    contents("/proc/\(program.process)/stat")?.contains(") Z ") ?? true
}
