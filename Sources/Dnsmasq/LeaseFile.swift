import Basics
import Leases
import Linux
import Network

/// An instance's leases: dnsmasq(8), --dhcp-leasefile. dnsmasq writes the file before each event, so the file is
/// current. `wallClock` is the time since 1970.
///
/// The words of a line: end in seconds since 1970 (0: never), MAC address or IAID, address, host name (`*`: no name),
/// client identifier or DUID. A line is skipped if words are missing, or if the end is no number of at most ten digits.
public final class LeaseFile {
    private let text: ByteString

    init(text: ByteString) { self.text = text }

    /// Reads a file that dnsmasq may be emptying and filling. Returns nil if the file is missing, or not stable within
    /// a second.
    ///
    /// A file is whole if its size and time do not change while it is read, and its last line ends. A file younger than
    /// 50 ms must be unchanged 50 ms later. An empty file is whole.
    public static func read(
        _ path: ByteString, wallClock: () -> Duration = { Process.wallClock },
        pause: (Duration) -> Void = { Process.pause($0) }
    ) -> LeaseFile? {
        let rest = Duration.milliseconds(50)
        var waited = Duration.zero
        var last: (text: ByteString, changed: Duration)?
        while waited < .seconds(1) {
            guard let file = FileDescriptor.regularFile(at: path), let before = try? file.status(),
                let text = try? file.text(), let after = try? file.status()
            else { return nil }
            let changed = before.changed
            let isWhole =
                before.size == text.count && after.size == text.count && after.changed == changed
                && (text.isEmpty || text.hasSuffix("\n"))
            let age = wallClock() - changed
            if isWhole, age >= rest || last?.changed == changed && last?.text == text { return LeaseFile(text: text) }
            last = isWhole ? (text, changed) : nil
            // A time in the future gives no age: the router's clock was set since.
            let wait = !isWhole ? .milliseconds(5) : age < .zero ? rest : rest - age
            pause(wait)
            waited += wait
        }
        return nil
    }

    /// Returns the leases, or those with certain host names (`names`, in lower case). Every lease in the file counts.
    /// `expires` is `now` if the end has passed, since dnsmasq is about to remove the line. `expires` is nil for a
    /// first word below 10⁸, which a dnsmasq without a clock writes.
    public func leases(at now: Instant, wallClock: Duration, of names: NameIndex? = nil) -> [LeaseStorage.ClientLease] {
        var leases: [LeaseStorage.ClientLease] = []
        forEachLease(at: 3, named: names) { words in
            guard let address = Address(words[2]), let client = LeaseFile.client(at: address, words: words)
            else { return }
            let hardware = !address.isIPv4 || client.kind == .hardware ? "" : words[1].lowercased
            let expires = LeaseFile.end(words).map { now + max(.zero, $0 - wallClock) }
            let host = HostName(words[3])
            let lease = Lease(addresses: [address], hostName: host, hardware: hardware, expires: expires)
            leases.append(LeaseStorage.ClientLease(of: client, lease))
        }
        return leases
    }

    /// The remaining time of a lease: `unknown` if the lease is missing or has ended, `endless` also for an unknown
    /// end.
    public func term(of lease: Lease, _ client: ClientIdentifier, wallClock: Duration) -> Lease.Term {
        for address in lease.addresses {
            for words in lines(of: address, client: client, hardware: lease.hardware) {
                guard let end = LeaseFile.end(words) else { return .endless }
                if end > wallClock { return .limited(end - wallClock) }
            }
        }
        return .unknown
    }

    /// The host name in the lease of an event; nil if the lease is missing or has no name.
    public func hostName(of event: LeaseEvent) -> HostName? {
        lines(of: event.address, client: event.client, hardware: event.hardware).first.flatMap { HostName($0[3]) }
    }

    private static func client(at address: Address, words: [ByteString]) -> ClientIdentifier? {
        address.isIPv4 ? ClientIdentifier(hardware: words[1], option61: words[4]) : ClientIdentifier(.duid, words[4])
    }

    /// Since 1970; nil if the lease has no end, or dnsmasq does not know the end.
    private static func end(_ words: [ByteString]) -> Duration? {
        words[0].number(digits: 10).flatMap { $0 < 100_000_000 ? nil : .seconds($0) }
    }

    private func lines(of address: Address, client: ClientIdentifier, hardware: ByteString) -> [[ByteString]] {
        var lines: [[ByteString]] = []
        forEachLease(at: 2, named: NameIndex([address.text])) { words in
            if [words[1], words[4]].contains(where: { $0 == client.text || $0 == hardware }) { lines.append(words) }
        }
        return lines
    }

    /// Calls `body` with the words of each lease, or of the leases with a wanted name at `index`.
    public func forEachLease(at index: Int = 3, named wanted: NameIndex? = nil, _ body: ([ByteString]) -> Void) {
        text.forEachLine(word: index) { line, place in
            if let wanted, !wanted.contains(text, in: place) { return }
            let words = ByteString(text.bytes[line]).words
            if words.count >= 5, words[0].number(digits: 10) != nil { body(words) }
        }
    }
}

extension ClientIdentifier {
    /// Identifies DHCPv4 clients as dnsmasq does. `option61` has pairs of hexadecimal digits; other text if the client
    /// sent none. Most clients send `01:` and the MAC address (RFC 2132, section 9.14); then the MAC address identifies
    /// the client.
    init?(hardware: ByteString, option61: ByteString) {
        guard let client = ClientIdentifier(.hardware, hardware) else { return nil }
        let identifier = ClientIdentifier(.option61, option61)
        self = identifier.map { $0.text == "01:" + client.text ? client : $0 } ?? client
    }
}
