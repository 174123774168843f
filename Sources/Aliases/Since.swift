import Basics
import Configuration
import Linux

/// Since when each alias leads where it does: `FOLDER/since`, sorted lines `ALIAS TARGET SECONDS`, on the clock of
/// /proc/uptime. For whoever looks; and for the choice, where nobody knows since when leases are there.
public struct Since {
    private let path: ByteString
    private let known: [ByteString]
    private var lines: [ByteString] = []

    /// - Parameter folder: The run directory.
    /// - Throws: `cannotCreate` if the file can't be read.
    public init(folder: ByteString) throws(Fault) {
        path = folder + "/since"
        known = try Files.readIfThere(path)?.lines ?? []
    }

    /// - Returns: nil if the alias does not lead there.
    public func moment(of alias: HostName, to target: HostName) -> Instant? {
        let start: ByteString = "\(alias) \(target) "
        let index = known.firstIndex(notBefore: start)
        guard index < known.count, known[index].hasPrefix(start) else { return nil }
        return ByteString(known[index].bytes.dropFirst(start.count)).seconds.map { Instant(sinceStart: $0) }
    }

    /// The alias leads there, now at the latest. Instances of dnsmasq may differ, so there may be several.
    public mutating func add(_ alias: HostName, to target: HostName?, at now: Instant) {
        guard let target else { return }
        let start: ByteString = "\(alias) \(target) "
        if lines.contains(where: { $0.hasPrefix(start) }) { return }
        lines.append(start + ByteString(seconds: (moment(of: alias, to: target) ?? now).sinceStart))
    }

    /// All other aliases lead where they did.
    public mutating func remove(_ alias: HostName) {
        if lines.isEmpty { lines = known }
        let start: ByteString = "\(alias) "
        lines = lines.filter { !$0.hasPrefix(start) }
    }

    /// Replaces the file with what was added, in one step.
    ///
    /// - Throws: `cannotCreate`.
    public func save() throws(Fault) {
        let sorted = lines.sorted()
        if sorted != known { try Files.replace(path, with: sorted.joined(separator: "\n")) }
    }
}
