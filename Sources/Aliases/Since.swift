import Basics

/// Since when each alias leads to its target: sorted lines `ALIAS SECONDS TARGET`, on the clock of /proc/uptime. Where
/// conf-dirs differ, a line has a target, or `-`, for each conf-dir.
public final class Since {
    private let known: [ByteString]
    private var lines: [ByteString] = []

    public init(text: ByteString) { known = text.lines.filter { !$0.isEmpty } }

    private func words(of alias: HostName) -> [ByteString] { known.firstSorted(withPrefix: "\(alias) ")?.words ?? [] }

    public func moment(of alias: HostName) -> Instant? {
        let words = words(of: alias)
        return words.count > 2 ? words[1].seconds.map { Instant(sinceStart: $0) } : nil
    }

    public func leads(_ alias: HostName, to target: HostName, at index: Int) -> Bool {
        let words = words(of: alias)
        let place = words.count == 3 ? 2 : 2 + index
        return place < words.count && words[place] == target.text
    }

    /// Records the targets of an alias. The moment is `now`, unless the targets are unchanged.
    /// - Parameter targets: A target for each conf-dir; nil where the alias leads nowhere.
    public func add(_ alias: HostName, to targets: [HostName?], at now: Instant) {
        let all = targets.map { $0?.text ?? "-" }
        let names = all.uniqued.count == 1 ? [all[0]] : all
        if names.isEmpty || names == ["-"] { return }
        let words = words(of: alias)
        let stays = words.count > 2 && words[1].seconds != nil && Array(words.dropFirst(2)) == names
        let moment = stays ? words[1] : ByteString(seconds: now.sinceStart)
        lines.append("\(alias) \(moment) " + names.joined(separator: " "))
    }

    public var changed: ByteString? {
        let sorted = lines.sorted()
        return sorted == known ? nil : sorted.joined(separator: "\n")
    }
}
