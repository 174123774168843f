import Basics
import Network

/// A lease of a client: RFC 2131, section 1.4, and RFC 8415, section 4.2.
public final class Lease: Equatable, Sendable {
    public enum Term: Equatable, Sendable {
        case limited(Duration)
        case endless
        /// The end is not known.
        case unknown
    }

    /// One or more addresses or prefixes.
    public let addresses: [Address]
    public let hostName: HostName?
    /// The MAC address of the interface that used the lease last; empty if it identifies the client, or is not known.
    public let hardware: ByteString
    /// The job to request when the lease expires; empty for no job.
    public let job: ByteString
    /// nil for a lease without end.
    public let expires: Instant?
    /// When the lease, or its host name, was new; nil if it is older than our records.
    public let since: Instant?
    /// When the client last proved to be there; nil if it is older than our records.
    public let seen: Instant?
    /// The last change of `hardware`, or empty: the MAC address before, the moment in seconds, and the number of quick
    /// changes in a row. A change is quick within the time of a lease.
    public let turns: ByteString

    public init(
        addresses: [Address], hostName: HostName? = nil, hardware: ByteString = "", job: ByteString = "",
        expires: Instant? = nil, since: Instant? = nil, seen: Instant? = nil, turns: ByteString = ""
    ) {
        (self.addresses, self.hostName, self.hardware) = (addresses, hostName, hardware)
        (self.job, self.expires, self.since, self.seen, self.turns) = (job, expires, since, seen, turns)
    }

    public static func == (one: Lease, other: Lease) -> Bool {
        one.hasSameMapping(as: other) && one.hardware == other.hardware && one.job == other.job
            && one.expires == other.expires && one.since == other.since && one.seen == other.seen
            && one.turns == other.turns
    }

    func with(hardware: ByteString, expires: Instant?) -> Lease {
        Lease(
            addresses: addresses, hostName: hostName, hardware: hardware, job: job, expires: expires, since: since,
            seen: seen, turns: turns)
    }

    public func isExpired(at now: Instant) -> Bool { expires.map { $0 <= now } ?? false }

    /// Whether both leases map one name to the same addresses.
    public func hasSameMapping(as other: Lease) -> Bool { addresses == other.addresses && hostName == other.hostName }

    /// Checks that a storage can hold the lease: it has an address, and words without blanks.
    /// - Throws: `data` with what is wrong.
    public func check() throws(Fault) {
        guard !addresses.isEmpty else { throw Fault(.data, "a lease has one or more addresses or prefixes") }
        for word in [hardware, job] where !word.bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw Fault(.data, "'\(word.printable())': can't stand in a lease")
        }
    }
}
