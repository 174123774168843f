import Basics
import Linux

/// A process that is an instance of dnsmasq: it was started with `-C FILE`. `number` and `start` together identify it.
public struct DnsmasqProcess: Equatable, Sendable {
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
        self.number = number
        self.start = start
        self.file = file
        self.hasRead = hasRead
    }

    /// The start on the clock of `Process.now`, up to 10 ms early: a tick is 10 ms for all programs. On a machine that has
    /// slept, the start is later by that time.
    public var started: Instant { Instant(sinceStart: .milliseconds(start * 10)) }

    /// Whether both are the same process, at any two moments.
    public func isSame(as other: DnsmasqProcess) -> Bool { number == other.number && start == other.start }

    /// Returns every instance that runs, in the order of their numbers. Children of an instance with the same file are left
    /// out: the script helper, and the processes for queries by TCP.
    ///
    /// - Throws: `cannotCreate` if /proc can't be read.
    public static func all() throws(Fault) -> [DnsmasqProcess] {
        var found: [(process: DnsmasqProcess, parent: Int)] = []
        for (number, words) in try RunningProcess.all(of: "dnsmasq") {
            let fields = RunningProcess.fields(of: Int32(number))
            guard let option = words.firstIndex(where: { $0 == "-C" }), option + 1 < words.count, fields.count > 19,
                let parent = fields[1].wholeNumber, let start = fields[19].number(digits: 15)
            else { continue }
            let process = DnsmasqProcess(
                number: Int32(number), start: start, file: words[option + 1], hasRead: hasDroppedRoot(number))
            found.insert((process, parent), at: found.firstIndex { $0.process.number > number } ?? found.count)
        }
        /// Whether `one` is a child of `other` with the same file.
        func isChild(_ one: (process: DnsmasqProcess, parent: Int), of other: DnsmasqProcess) -> Bool {
            one.parent == Int(other.number) && one.process.file == other.file
        }
        var all: [DnsmasqProcess] = []
        for one in found where !found.contains(where: { isChild(one, of: $0.process) }) {
            let process = one.process
            let hasChild = found.contains { isChild($0, of: process) }
            all.append(
                DnsmasqProcess(
                    number: process.number, start: process.start, file: process.file,
                    hasRead: process.hasRead || hasChild))
        }
        return all
    }

    /// Whether the effective user, the second in the line `Uid` of /proc/PID/status, is not root: proc(5).
    private static func hasDroppedRoot(_ number: Int) -> Bool {
        let line = (try? Files.read("/proc/\(number)/status"))?.lines(startingWith: "Uid:").first
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
