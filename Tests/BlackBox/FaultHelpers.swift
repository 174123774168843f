import CLinux
import TestSupport

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

func lineCount(_ path: String) -> Int { contents(path)?.split(separator: "\n").count ?? 0 }

/// The tracer's child, which is the traced program.
func traced(by program: Program) -> pid_t? {
    let children = contents("/proc/\(program.process)/task/\(program.process)/children") ?? ""
    return children.split(separator: " ").first.flatMap { pid_t(String($0)) }
}

func hasEnded(_ program: Program) -> Bool {
    contents("/proc/\(program.process)/stat")?.contains(") Z ") ?? true
}
