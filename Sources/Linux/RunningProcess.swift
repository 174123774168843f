import Basics
import CLinux

/// A process that an earlier daemon started: no child of ours, but the same that was started then.
public struct RunningProcess: Sendable {
    public let number: pid_t

    /// - Parameter line: The process's line of /proc/PID/stat, read when the process was started.
    /// - Returns: nil if it is no such line, or if that process has ended.
    public init?(stat line: ByteString) {
        guard let number = line.split(at: UInt8(ascii: " "))?.before.wholeNumber else { return nil }
        self.number = pid_t(number)
        let (then, now) = (RunningProcess.fields(line), RunningProcess.fields(of: self.number))
        // When it was started, in clock ticks since the boot: no later process with the same number has that.
        guard then.count > 19, now.count > 19, then[19] == now[19], now[0] != "Z" else { return nil }
    }

    /// The process does nothing until it gets SIGCONT.
    public static func isStopped(_ number: pid_t) -> Bool { fields(of: number).first == "T" }

    /// The process has something to do, rather than waiting for it.
    public static func isBusy(_ number: pid_t) -> Bool { fields(of: number).first == "R" }

    /// The fields of a line of /proc/PID/stat from the third on, which is the state: proc(5). Before them stands a name in
    /// parentheses, which may hold anything.
    private static func fields(_ line: ByteString) -> [ByteString] {
        line.bytes.lastIndex(of: UInt8(ascii: ")")).map { ByteString(line.bytes[($0 + 1)...]).words } ?? []
    }

    /// The fields of /proc/PID/stat from the third on, which is the state: proc(5). Empty if the process is no longer there.
    public static func fields(of number: pid_t) -> [ByteString] {
        (try? Files.read("/proc/\(number)/stat")).map { fields($0) } ?? []
    }

    /// Returns a process of the group that has not ended: getpgid(2). nil if all have.
    public static func member(ofGroup group: pid_t) -> pid_t? {
        let names = (try? Files.names(in: "/proc")) ?? []
        let numbers = names.compactMap { name in name.wholeNumber.map { pid_t($0) } }
        return numbers.first { number in
            // A zombie has ended.
            getpgid(number) == group && fields(of: number).first.map { $0 != "Z" && $0 != "X" } ?? false
        }
    }
}
