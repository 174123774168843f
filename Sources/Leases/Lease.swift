import Basics
import Network

/// What a client was given: RFC 2131, section 1.4, and RFC 8415, section 4.2.
public final class Lease: Equatable, Sendable {
    /// How long a lease runs on.
    public enum Term: Equatable, Sendable {
        case limited(Duration)
        case endless
        /// Nobody says.
        case unknown
    }

    /// One or more addresses or prefixes.
    public let addresses: [Address]
    public let hostName: HostName?
    /// The MAC address of the interface that was last seen with it; empty if it is the client's identifier, or not known.
    public let hardware: ByteString
    /// The job that is asked for when the lease expires; empty: none.
    public let job: ByteString
    /// nil: without end.
    public let expires: Instant?
    /// When it was new, or its host name was; nil: before we knew of it.
    public let since: Instant?
    /// When its client last proved to be there; nil: before we knew of it.
    public let seen: Instant?
    /// Empty, or of the last change of `hardware`: the MAC address before, the moment in seconds, and how often in a row the
    /// address before has come back within the time of a lease.
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

    /// Both leases map the same name to the same addresses.
    public func hasSameMapping(as other: Lease) -> Bool { addresses == other.addresses && hostName == other.hostName }

    /// Whether a storage can hold the lease: it has an address, and words without blanks.
    ///
    /// - Throws: `data` with what is wrong.
    public func check() throws(Fault) {
        guard !addresses.isEmpty else { throw Fault(.data, "a lease has one or more addresses or prefixes") }
        for word in [hardware, job] where !word.bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw Fault(.data, "'\(word.printable())': can't stand in a lease")
        }
    }
}
