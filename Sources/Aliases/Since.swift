import Basics
import Configuration

/// Since when each alias leads where it does, as sorted lines `ALIAS SECONDS TARGET`, on the clock of /proc/uptime. Where
/// instances of dnsmasq differ, a line has several targets.
public final class Since {
    private let known: [ByteString]
    private var lines: [ByteString] = []

    public init(text: ByteString) { known = text.lines.filter { !$0.isEmpty } }

    private func words(of alias: HostName) -> [ByteString] {
        known.firstSorted(withPrefix: "\(alias) ")?.words ?? []
    }

    /// Returns nil if the alias leads nowhere.
    public func moment(of alias: HostName) -> Instant? {
        let words = words(of: alias)
        return words.count > 2 ? words[1].seconds.map { Instant(sinceStart: $0) } : nil
    }

    /// Whether the alias leads to the target in one of the instances.
    public func leads(_ alias: HostName, to target: HostName) -> Bool {
        words(of: alias).dropFirst(2).contains { $0 == target.text }
    }

    /// Notes that an alias leads to these targets from `now` on, unless it does so already.
    public func add(_ alias: HostName, to targets: [HostName], at now: Instant) {
        if targets.isEmpty { return }
        let names = targets.map { $0.text }.sorted()
        let start = Array(words(of: alias).dropFirst(2)) == names ? moment(of: alias) ?? now : now
        lines.append(([alias.text, ByteString(seconds: start.sinceStart)] + names).joined(separator: " "))
    }

    /// The text with what was added; nil if it is as it was.
    public var changed: ByteString? {
        let sorted = lines.sorted()
        return sorted == known ? nil : sorted.joined(separator: "\n")
    }
}
