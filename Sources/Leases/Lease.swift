import Basics

/// What a client was given: RFC 2131, section 1.4, and RFC 8415, section 4.2.
public struct Lease: Equatable, Sendable {
    /// One or more, IPv4 or IPv6, as inet_ntop(3) writes them; a delegated prefix has its length behind a slash.
    public var addresses: [ByteString]
    /// In lower case; empty if it has none.
    public var hostName: ByteString
    /// The MAC address of the interface that was last seen with it; empty if it is the client's identifier, or not known.
    public var hardware: ByteString
    /// Who is to be told when it expires; empty: nobody.
    public var owner: ByteString
    /// nil: without end.
    public var expires: Instant?
    /// When it was new, or its host name was; nil: before we knew of it.
    public var since: Instant?
    /// When its client last proved to be there; nil: before we knew of it.
    public var seen: Instant?

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

    public func isExpired(at now: Instant) -> Bool {
        expires.map { $0 <= now } ?? false
    }

    /// With the MAC address, if it is the client's identifier.
    public func completed(for client: ClientIdentifier) -> Lease {
        var lease = self
        if lease.hardware.isEmpty, client.kind == .hardware { lease.hardware = client.text }
        return lease
    }

    /// Who reaches whom by which name is as in the other.
    public func says(theSameAs other: Lease) -> Bool {
        addresses == other.addresses && hostName == other.hostName
    }
}
