import Basics
import CLinux

/// A process that an earlier daemon started, identified by its number and its start time.
public struct RunningProcess: Sendable {
    public let number: pid_t

    /// - Parameter line: The line of /proc/PID/stat from the process's start.
    /// - Returns: nil if the line is malformed, or if the process has ended.
    public init?(stat line: ByteString) {
        guard let number = line.split(at: UInt8(ascii: " "))?.before.wholeNumber else { return nil }
        self.number = pid_t(number)
        let (then, now) = (RunningProcess.fields(line), RunningProcess.fields(of: self.number))
        // Field 22, the start time in clock ticks since boot, differs in a later process with this number.
        guard then.count > 19, now.count > 19, then[19] == now[19], now[0] != "Z" else { return nil }
    }

    /// Whether a signal has stopped the process, until SIGCONT.
    public static func isStopped(_ number: pid_t) -> Bool { fields(of: number).first == "T" }

    /// Whether the process runs or is ready to run.
    public static func isBusy(_ number: pid_t) -> Bool { fields(of: number).first == "R" }

    /// The fields of a line from the third on, after the name, which may contain any character.
    private static func fields(_ line: ByteString) -> [ByteString] {
        line.bytes.lastIndex(of: UInt8(ascii: ")")).map { ByteString(line.bytes[($0 + 1)...]).words } ?? []
    }

    /// The fields of /proc/PID/stat from the third on, the state: proc(5). Empty if the process is missing.
    public static func fields(of number: pid_t) -> [ByteString] {
        (try? Files.read("/proc/\(number)/stat")).map { fields($0) } ?? []
    }

    /// Returns a process of the group that has not ended: getpgid(2).
    public static func member(ofGroup group: pid_t) -> pid_t? {
        let names = (try? Files.names(in: "/proc")) ?? []
        let numbers = names.compactMap { name in name.wholeNumber.map { pid_t($0) } }
        return numbers.first { number in
            getpgid(number) == group && fields(of: number).first.map { $0 != "Z" && $0 != "X" } ?? false
        }
    }
}
