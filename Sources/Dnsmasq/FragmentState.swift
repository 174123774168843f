import Basics

/// A process of dnsmasq, and what it has loaded of a fragment.
public final class SeenProcess {
    public let name: ByteString
    /// A process with a saved line has read its files, or its content is unknown.
    public let process: DnsmasqProcess
    /// The digest of what the process has loaded, or `unknown`, or `down`.
    public var content: ByteString
    /// The digest of a fragment that a restart left unloaded: no restart is requested for it. Empty if there is none.
    public var spared: ByteString = ""

    public static let unknown: ByteString = "unknown"
    /// The process has ended, and not because of the fragment.
    public static let down: ByteString = "down"

    public init(of name: ByteString, _ process: DnsmasqProcess, content: ByteString) {
        (self.name, self.process, self.content) = (name, process, content)
    }

    fileprivate convenience init?(_ words: [ByteString]) {
        guard words.count > 4, let number = words[2].wholeNumber, let start = words[3].number(digits: 15)
        else { return nil }
        let process = DnsmasqProcess(number: Int32(number), start: start, file: "", hasRead: true)
        self.init(of: words[1], process, content: words[4])
        if words.count > 5 { spared = words[5] }
    }

    fileprivate var line: ByteString {
        "process \(name) \(process.number) \(process.start) \(content)" + (spared.isEmpty ? "" : " " + spared)
    }
}

/// What the processes that read one fragment have loaded, if it differs from the file: a small file.
public final class FragmentState {
    public let confdir: ByteString
    /// A change of the fragment goes on, or was killed.
    public var isChanging = false
    /// The digest of what the last change put on disk; empty before the first.
    public var onDisk: ByteString = ""
    public var seen: [SeenProcess] = []
    /// The digest of the aliases that are left out after a failed start; empty if no aliases are left out.
    public var leftOut: ByteString = ""
    public var leftOutSince = Instant(sinceStart: .zero)

    public init(confdir: ByteString) { self.confdir = confdir }

    /// - Returns: nil if `text` is no such state.
    public init?(text: ByteString) {
        let lines = text.lines
        guard lines.count > 1, lines[0].hasPrefix("confdir ") else { return nil }
        confdir = ByteString(lines[0].bytes.dropFirst(8))
        isChanging = lines[1].words.first != "settled"
        onDisk = isChanging ? "" : ByteString(lines[1].bytes.dropFirst(8))
        for words in lines.dropFirst(2).map({ $0.words }) where words.count > 2 {
            if words[0] == "left_out", let moment = words[2].seconds {
                (leftOut, leftOutSince) = (words[1], Instant(sinceStart: moment))
            } else if let one = SeenProcess(words) {
                seen.append(one)
            }
        }
    }

    public var text: ByteString {
        let state: ByteString = isChanging ? "changing" : "settled \(onDisk)"
        let left: [ByteString] = leftOut.isEmpty ? [] : ["left_out \(leftOut) \(leftOutSince.json)"]
        return (["confdir \(confdir)", state] + left + seen.map { $0.line }).joined(separator: "\n")
    }

    /// Returns what a process has loaded: the content of its line, or else what is on disk. Lines are written after the
    /// rename, so a process without a line has read later. After a change by another program the content is unknown.
    public func seen(_ process: DnsmasqProcess, of name: ByteString, onDisk digest: ByteString) -> SeenProcess {
        if let line = seen.first(where: { $0.process.isSame(as: process) }) { return line }
        let isUnknown = isChanging || !onDisk.isEmpty && onDisk != digest
        return SeenProcess(of: name, process, content: isUnknown ? SeenProcess.unknown : digest)
    }

    public func last(of name: ByteString) -> SeenProcess? { seen.first { $0.name == name } }
}
