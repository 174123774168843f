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
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    /// Reads such a text. Unknown lines are skipped, since a later version may write more.
    init(text: ByteString) {
        self = []
        var values = Values()
        for line in text.lines {
            if line.isEmpty {
                append(values.lease)
                values = Values()
            } else if let (name, value) = line.split(at: UInt8(ascii: " ")) {
                values.set(name, value)
            }
        }
        if !values.addresses.isEmpty { append(values.lease) }
    }
}

/// What the lines read so far say of a lease.
private struct Values {
    var addresses: [Address] = []
    var hostName: HostName?
    var hardware: ByteString = ""
    var job: ByteString = ""
    var expires: Instant?
    var since: Instant?
    var seen: Instant?

    mutating func set(_ name: ByteString, _ value: ByteString) {
        switch name {
        case "address": addresses = value.words.compactMap { Address(orPrefix: $0) }
        case "hostname": hostName = HostName(value)
        case "hardware": hardware = value
        case "job": job = value
        case "expires": expires = Instant(text: value)
        case "since": since = Instant(text: value)
        case "seen": seen = Instant(text: value)
        default: break
        }
    }

    var lease: Lease {
        Lease(
            addresses: addresses, hostName: hostName, hardware: hardware, job: job, expires: expires, since: since,
            seen: seen)
    }
}

extension Instant {
    /// - Parameter text: Seconds since the clock's start, with up to three decimals.
    fileprivate init?(text: ByteString) {
        guard let seconds = text.seconds else { return nil }
        self.init(sinceStart: seconds)
    }
}

extension Optional where Wrapped == Instant {
    /// Seconds since the clock's start, to the millisecond; empty if there is no such moment.
    fileprivate var text: ByteString { map { ByteString(seconds: $0.sinceStart) } ?? "" }
}
