import Basics
import Linux

/// A running instance of dnsmasq, started with `-C FILE`. `number` and `start` together identify the process.
public final class DnsmasqProcess {
    public let number: Int32
    /// In clock ticks since the boot: field 22 of /proc/PID/stat, proc(5). A HUP does not change it.
    public let start: Int64
    public let file: ByteString
    /// Whether the process has read its files. dnsmasq reads them as root, then starts its script helper and drops
    /// root. Stays false for a dnsmasq that runs as root without a script.
    public private(set) var hasRead: Bool

    /// The parent of a process that has executed no program since its fork: a script helper, or a handler of TCP
    /// queries. Such a child may outlive its parent.
    private let origin: Int32?

    public init(number: Int32, start: Int64, file: ByteString, hasRead: Bool, origin: Int32? = nil) {
        (self.number, self.start, self.file, self.hasRead, self.origin) = (number, start, file, hasRead, origin)
    }

    private convenience init?(_ entry: ByteString) {
        // The executable is the proof, not the command line. A zombie has no executable; an upgrade deletes it:
        // proc(5).
        guard let number = entry.wholeNumber.map({ Int32($0) }),
            let program = Files.target(ofLink: "/proc/\(entry)/exe"),
            program.hasSuffix("/dnsmasq") || program.hasSuffix("/dnsmasq (deleted)"),
            let words = (try? Files.read("/proc/\(entry)/cmdline"))?.parts(separatedBy: { $0 == 0 }),
            let option = words.firstIndex(where: { $0 == "-C" }), option + 1 < words.count,
            case let fields = RunningProcess.fields(of: number), fields.count > 19, let parent = fields[1].wholeNumber,
            let flags = fields[6].number(digits: 10), let start = fields[19].number(digits: 15)
        else { return nil }
        // The effective user is the second in the line: proc(5).
        let user = (try? Files.read("/proc/\(entry)/status"))?.lines.values(of: "Uid:").first?.words
        self.init(
            number: number, start: start, file: words[option + 1],
            hasRead: user.map { $0.count > 1 && $0[1] != "0" } ?? false,
            // PF_FORKNOEXEC in linux/sched.h.
            origin: flags & 0x40 == 0 ? nil : Int32(parent))
    }

    /// The start on the clock of `Process.now`, up to 10 ms early, since a tick is 10 ms for all programs. A sleep of
    /// the machine makes the start later by the time slept.
    public var started: Instant { Instant(sinceStart: .milliseconds(start * 10)) }

    public func isSame(as other: DnsmasqProcess) -> Bool { number == other.number && start == other.start }

    /// Returns every instance that runs in the foreground, as OpenWrt starts it.
    /// - Throws: `cannotCreate` if /proc can't be read.
    public static func all() throws(Fault) -> [DnsmasqProcess] {
        var all: [DnsmasqProcess] = []
        try Files.forEachName(in: "/proc") { if let one = DnsmasqProcess($0) { all.append(one) } }
        for one in all where !one.hasRead { one.hasRead = all.contains { $0.origin == one.number } }
        return all.filter { $0.origin == nil }
    }

    /// Whether the process and this program see one folder at a path. False if the folder can't be examined. A
    /// container may run a dnsmasq with equal arguments.
    public func sees(_ folder: ByteString) -> Bool {
        // The slash follows a link at the end. An absolute link on the way leads into our root, so such a container is
        // not found.
        guard let ours = try? FileStatus(at: folder + "/") else { return false }
        return ours.isSame(as: try? FileStatus(at: "/proc/\(number)/root\(folder)/"))
    }
}
