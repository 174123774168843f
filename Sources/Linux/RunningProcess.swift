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
            let now = RunningProcess.parse(text), !now.fields.hasPrefix("Z ")
        else { return nil }
        let (before, after) = (then.fields.words, now.fields.words)
        guard before.count > 19, after.count > 19, before[19] == after[19] else { return nil }
        (number, started) = (then.number, before[19])
    }

    /// The process does nothing until it gets SIGCONT.
    public static func isStopped(_ number: pid_t) -> Bool { state(of: number) == UInt8(ascii: "T") }

    /// The process has something to do, rather than waiting for it.
    public static func isBusy(_ number: pid_t) -> Bool { state(of: number) == UInt8(ascii: "R") }

    /// proc(5), the third field of /proc/PID/stat; 0 if it can't be read.
    private static func state(of number: pid_t) -> UInt8 {
        guard let text = try? Files.read("/proc/\(number)/stat"),
            let end = text.bytes.lastIndex(of: UInt8(ascii: ")")), end + 2 < text.count
        else { return 0 }
        return text.bytes[end + 2]
    }

    /// Returns a process of the group that has not ended: getpgid(2). nil if all have.
    public static func member(ofGroup group: pid_t) -> pid_t? {
        let names = (try? Files.names(in: "/proc")) ?? []
        let numbers = names.compactMap { name in name.wholeNumber.map { pid_t($0) } }
        return numbers.first { getpgid($0) == group && !hasEnded($0) }
    }

    /// Whether the process is a zombie, or is no longer in /proc.
    private static func hasEnded(_ number: pid_t) -> Bool {
        [0, UInt8(ascii: "Z"), UInt8(ascii: "X")].contains(state(of: number))
    }

    /// What runs of a program, and its words: `/proc/PID/cmdline`.
    ///
    /// - Parameter name: Of its file, which `/proc/PID/exe` leads to: what a process calls itself is no proof.
    /// - Throws: `cannotCreate`.
    public static func all(of name: ByteString) throws(Fault) -> [(number: Int, words: [ByteString])] {
        var found: [(number: Int, words: [ByteString])] = []
        for entry in try Files.names(in: "/proc") {
            guard let number = entry.wholeNumber, let program = Files.target(ofLink: "/proc/\(entry)/exe"),
                program.parts(separatedBy: { $0 == UInt8(ascii: "/") }).last == name,
                let line = try? Files.read("/proc/\(entry)/cmdline")
            else { continue }
            found.append((number, line.parts { $0 == 0 }))
        }
        return found
    }

    /// The number, and the fields of proc(5) from the state on. Before it stands a name in parentheses, which may hold
    /// anything.
    private static func parse(_ line: ByteString) -> (number: pid_t, fields: ByteString)? {
        guard let number = line.split(at: UInt8(ascii: " "))?.before.wholeNumber,
            let end = line.bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        return (pid_t(number), ByteString(line.bytes[(end + 1)...].dropFirst()))
    }
}
