import Basics
import Linux

/// A process that is an instance of dnsmasq: it was started with `-C FILE`. `number` and `start` together identify it.
public final class DnsmasqProcess: Sendable {
    public let number: Int32
    /// In clock ticks since the boot: field 22 of /proc/PID/stat, proc(5). A HUP does not change it.
    public let start: Int64
    /// The file behind `-C`.
    public let file: ByteString
    /// The process has read its files. dnsmasq reads them as root; then it starts its script helper and drops root.
    ///
    /// Stays false for a dnsmasq that runs as root and has no script.
    public let hasRead: Bool

    public init(number: Int32, start: Int64, file: ByteString, hasRead: Bool) {
        (self.number, self.start, self.file, self.hasRead) = (number, start, file, hasRead)
    }

    /// The start on the clock of `Process.now`, up to 10 ms early: a tick is 10 ms for all programs. On a machine that has
    /// slept, the start is later by that time.
    public var started: Instant { Instant(sinceStart: .milliseconds(start * 10)) }

    /// Whether both are the same process, at any two moments.
    public func isSame(as other: DnsmasqProcess) -> Bool { number == other.number && start == other.start }

    /// Returns every instance that runs. Children of an instance with the same file are left out: the script helper, and the
    /// processes for queries by TCP.
    ///
    /// - Throws: `cannotCreate` if /proc can't be read.
    public static func all() throws(Fault) -> [DnsmasqProcess] {
        var all: [DnsmasqProcess] = []
        var parents: [Int32] = []
        for entry in try Files.names(in: "/proc") {
            // What a process calls itself is no proof. A zombie has no file any more, and an upgrade removes the file: proc(5).
            guard let number = entry.wholeNumber, let program = Files.target(ofLink: "/proc/\(entry)/exe"),
                program.hasSuffix("/dnsmasq") || program.hasSuffix("/dnsmasq (deleted)"),
                let words = (try? Files.read("/proc/\(entry)/cmdline"))?.parts(separatedBy: { $0 == 0 }),
                let option = words.firstIndex(where: { $0 == "-C" }), option + 1 < words.count
            else { continue }
            let fields = RunningProcess.fields(of: Int32(number))
            guard fields.count > 19, let parent = fields[1].wholeNumber, let start = fields[19].number(digits: 15)
            else {
                continue
            }
            parents.append(Int32(parent))
            all.append(
                DnsmasqProcess(
                    number: Int32(number), start: start, file: words[option + 1], hasRead: hasDroppedRoot(number)))
        }
        /// Whether one of them is a child of another, and has its file.
        func isChild(_ index: Int, of other: DnsmasqProcess) -> Bool {
            parents[index] == other.number && all[index].file == other.file
        }
        return all.indices.filter { index in !all.contains { isChild(index, of: $0) } }.map { index in
            let one = all[index]
            let hasChild = all.indices.contains { isChild($0, of: one) }
            return DnsmasqProcess(
                number: one.number, start: one.start, file: one.file, hasRead: one.hasRead || hasChild)
        }
    }

    /// Whether the effective user, the second in the line `Uid` of /proc/PID/status, is not root: proc(5).
    private static func hasDroppedRoot(_ number: Int) -> Bool {
        let line = (try? Files.read("/proc/\(number)/status"))?.lines.first { $0.hasPrefix("Uid:") }
        return line.map { $0.words.count > 2 && $0.words[2] != "0" } ?? false
    }

    /// Whether the process sees the same folder at a path as this program does. A container may run a dnsmasq with the same
    /// arguments.
    ///
    /// - Returns: false if the folder is missing for one of them, or can't be looked at.
    public func sees(_ folder: ByteString) -> Bool {
        // With a slash at its end, a symbolic link is followed. An absolute one on the way, such as /var, leads into our own
        // root: for a container behind one, nothing is said.
        guard let ours = try? FileStatus(at: folder + "/") else { return false }
        return ours.isSame(as: try? FileStatus(at: "/proc/\(number)/root\(folder)/"))
    }
}
