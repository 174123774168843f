import Basics

/// A process of dnsmasq and the fragment that it has loaded.
public final class SeenProcess {
    public let name: ByteString
    /// `hasRead` is true in a saved line: a process that still reads its files is saved with the content `unknown`.
    public let process: DnsmasqProcess
    /// The digest of the loaded content; or `SeenProcess.unknown`, or `SeenProcess.down`.
    public var content: ByteString
    /// The digest of a fragment after a restart that did not touch this process: no further restart is requested. Or
    /// empty.
    public var spared: ByteString = ""

    public static let unknown: ByteString = "unknown"
    /// The process has ended, and the fragment is not the cause.
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

/// A small file, replaced in one step: the content that each process has loaded of one fragment. A KILL during a change
/// leaves `changing` in the file.
public final class FragmentState {
    public let confdir: ByteString
    /// A change of the fragment is in progress, or its process was killed.
    public var isChanging = false
    /// The digest of the content that the last change wrote; empty before the first change.
    public var onDisk: ByteString = ""
    public var seen: [SeenProcess] = []
    /// The digest of the aliases that are left out since an instance did not run with them; or empty.
    public var leftOut: ByteString = ""
    public var leftOutSince = Instant(sinceStart: .zero)

    public init(confdir: ByteString) { self.confdir = confdir }

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

    /// The content that a process has loaded: from its line, else the content on disk, since a process without a line
    /// has read after the last rename. Without a line: unknown during a change, or if another program changed the file.
    public func seen(_ process: DnsmasqProcess, of name: ByteString, onDisk digest: ByteString) -> SeenProcess {
        if let line = seen.first(where: { $0.process.isSame(as: process) }) { return line }
        let isUnknown = isChanging || !onDisk.isEmpty && onDisk != digest
        return SeenProcess(of: name, process, content: isUnknown ? SeenProcess.unknown : digest)
    }

    public func last(of name: ByteString) -> SeenProcess? { seen.first { $0.name == name } }
}
