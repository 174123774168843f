import Basics
import Linux

/// What dnsmasq itself keeps of its leases: dnsmasq(8), --dhcp-leasefile. A line each: when it ends, on the wall clock
/// (0: never), MAC address or IAID, address, host name, client identifier or DUID.
///
/// dnsmasq tells of a renewal only if it is the lease's first since it was started, or with --script-on-renewal, which
/// OpenWrt does not set. So whether a lease runs on that should have ended has to be looked up here.
public enum LeaseFile {
    /// How long a client's lease runs on.
    ///
    /// - Parameter wallClock: Since 1970.
    /// - Returns: `unknown` if it has ended, or does not stand in the file.
    public static func term(
        of lease: Lease, _ client: ClientIdentifier, in path: ByteString, wallClock: Duration
    ) -> LeaseEvent.Term {
        guard let text = try? Files.read(path, limit: 1 << 24) else { return .unknown }
        for words in text.lines.map({ $0.words }) where words.count >= 5 && lease.addresses.contains(words[2]) {
            let isTheClients = [words[1], words[4]].contains { $0 == client.text || $0 == lease.hardware }
            guard isTheClients, let end = seconds(words[0]) else { continue }
            if end == 0 { return .endless }
            let rest = .seconds(end) - wallClock
            if rest > .zero { return .limited(rest) }
        }
        return .unknown
    }

    private static func seconds(_ text: ByteString) -> Int64? {
        guard (1...12).contains(text.count), text.bytes.allSatisfy({ $0.isASCIIDigit }) else { return nil }
        return text.bytes.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}
