import Basics

/// What a client was given: RFC 2131, section 1.4, and RFC 8415, section 4.2.
///
/// A class, though it is a value and never changes: so copies and arrays of it are of pointers, which is little code.
public final class Lease: Equatable, Sendable {
    /// One or more, IPv4 or IPv6, as inet_ntop(3) writes them; a delegated prefix has its length behind a slash.
    public let addresses: [ByteString]
    /// In lower case; empty if it has none.
    public let hostName: ByteString
    /// The MAC address of the interface that was last seen with it; empty if it is the client's identifier, or not known.
    public let hardware: ByteString
    /// Who is to be told when it expires; empty: nobody.
    public let owner: ByteString
    /// nil: without end.
    public let expires: Instant?
    /// When it was new, or its host name was; nil: before we knew of it.
    public let since: Instant?
    /// When its client last proved to be there; nil: before we knew of it.
    public let seen: Instant?

    public init(
        addresses: [ByteString], hostName: ByteString = "", hardware: ByteString = "", owner: ByteString = "",
        expires: Instant? = nil, since: Instant? = nil, seen: Instant? = nil
    ) {
        self.addresses = addresses
        self.hostName = hostName
        self.hardware = hardware
        self.owner = owner
        self.expires = expires
        self.since = since
        self.seen = seen
    }

    public static func == (one: Lease, other: Lease) -> Bool {
        one.says(theSameAs: other) && one.hardware == other.hardware && one.owner == other.owner
            && one.expires == other.expires && one.since == other.since && one.seen == other.seen
    }

    /// The same with another end.
    func ending(at expires: Instant?) -> Lease {
        with(hardware: hardware, expires: expires)
    }

    private func with(hardware: ByteString, expires: Instant?) -> Lease {
        Lease(
            addresses: addresses, hostName: hostName, hardware: hardware, owner: owner, expires: expires, since: since,
            seen: seen)
    }

    public func isExpired(at now: Instant) -> Bool {
        expires.map { $0 <= now } ?? false
    }

    /// With the MAC address, if it is the client's identifier.
    public func completed(for client: ClientIdentifier) -> Lease {
        guard hardware.isEmpty, client.kind == .hardware else { return self }
        return with(hardware: client.text, expires: expires)
    }

    /// Who reaches whom by which name is as in the other.
    public func says(theSameAs other: Lease) -> Bool {
        addresses == other.addresses && hostName == other.hostName
    }
}
