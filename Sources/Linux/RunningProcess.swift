import Basics
import CLinux

/// A process that an earlier daemon started: no child of ours, but the same that was started then.
public struct RunningProcess: Sendable {
    public let number: pid_t
    /// In clock ticks since the boot: no later process with the same number has it.
    private let started: ByteString

    /// - Parameter stat: Its line of /proc/PID/stat, read when it was started.
    /// - Returns: nil if it is no such line, or if that process has ended.
    public init?(stat line: ByteString) {
        guard let then = RunningProcess.parse(line),
            let text = try? Files.read("/proc/\(then.number)/stat"),
            let now = RunningProcess.parse(text), now.started == then.started, now.state != "Z"
        else { return nil }
        (number, started) = (then.number, then.started)
    }

    /// The process does nothing until it gets SIGCONT.
    public static func isStopped(_ number: pid_t) -> Bool {
        guard let text = try? Files.read("/proc/\(number)/stat") else { return false }
        return parse(text)?.state == "T"
    }

    /// The fields of proc(5) that matter. The second, a name in parentheses, may hold anything.
    private static func parse(_ line: ByteString) -> (number: pid_t, state: ByteString, started: ByteString)? {
        guard let number = line.split(at: UInt8(ascii: " "))?.before.wholeNumber,
            let end = line.bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = line.bytes[(end + 1)...].split(separator: UInt8(ascii: " ")).map { ByteString($0) }
        return fields.count > 19 ? (pid_t(number), fields[0], fields[19]) : nil
    }
}
