import Basics
import Network

/// The leases of one client as the text of its file: lines `NAME VALUE`, with a blank line between two leases. A value
/// that a lease does not have gets no line.
extension [Lease] {
    var text: ByteString {
        map { lease in
            var lines: [ByteString] = []
            func add(_ name: StaticString, _ value: ByteString) {
                if !value.isEmpty { lines.append("\(literal: name) \(value)") }
            }
            add("address", lease.addresses.text)
            add("hostname", lease.hostName?.text ?? "")
            add("hardware", lease.hardware)
            add("job", lease.job)
            add("expires", lease.expires.text)
            add("since", lease.since.text)
            add("seen", lease.seen.text)
            add("turns", lease.turns)
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    /// Reads such a text. Unknown lines are passed over.
    init(text: ByteString) {
        self = []
        var lines: [ByteString] = []
        for line in text.lines + [""] {
            lines.append(line)
            guard line.isEmpty else { continue }
            let lease = Lease(lines: lines)
            if !lease.addresses.isEmpty { append(lease) }
            lines = []
        }
    }
}

extension Lease {
    fileprivate convenience init(lines: [ByteString]) {
        let values = lines.compactMap { $0.split(at: UInt8(ascii: " ")) }
        func value(_ name: StaticString) -> ByteString { values.first { $0.before == name }?.after ?? "" }
        func moment(_ name: StaticString) -> Instant? { value(name).seconds.map { Instant(sinceStart: $0) } }
        self.init(
            addresses: value("address").words.compactMap { Address(orPrefix: $0) },
            hostName: HostName(value("hostname")), hardware: value("hardware"), job: value("job"),
            expires: moment("expires"), since: moment("since"), seen: moment("seen"), turns: value("turns"))
    }
}

extension Optional where Wrapped == Instant {
    /// Seconds since the clock's start, to the millisecond; empty if there is no such moment.
    fileprivate var text: ByteString { map { ByteString(seconds: $0.sinceStart) } ?? "" }
}
