import Basics
import Network

/// The leases of one client as the text of its file: lines `NAME VALUE`, with a blank line between leases.
extension [Lease] {
    var text: ByteString { map { $0.text }.joined(separator: "\n\n") }

    /// Reads the text of `text`, without unknown lines.
    init(text: ByteString) {
        self = []
        var lines: [ByteString] = []
        for line in text.lines + [""] {
            lines.append(line)
            if !line.isEmpty { continue }
            let lease = Lease(lines: lines)
            if !lease.addresses.isEmpty { append(lease) }
            lines = []
        }
    }
}

extension Lease {
    private static var names: ByteString { "address hostname hardware job expires since seen turns" }

    fileprivate var text: ByteString {
        func text(_ moment: Instant?) -> ByteString { moment?.json ?? "" }
        let names = Lease.names.words
        let all = [addresses.text, hostName?.text ?? "", hardware, job, text(expires), text(since), text(seen), turns]
        return names.indices.filter { !all[$0].isEmpty }.map { "\(names[$0]) \(all[$0])" }.joined(separator: "\n")
    }

    fileprivate convenience init(lines: [ByteString]) {
        let values = Lease.names.words.map { lines.values(of: $0 + " ").first ?? "" }
        func time(_ index: Int) -> Instant? { values[index].seconds.map { Instant(sinceStart: $0) } }
        self.init(
            addresses: values[0].words.compactMap { Address(orPrefix: $0) }, hostName: HostName(values[1]),
            hardware: values[2], job: values[3], expires: time(4), since: time(5), seen: time(6), turns: values[7])
    }
}
