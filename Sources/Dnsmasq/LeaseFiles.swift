import Basics
import Leases
import Linux
import Network

/// What dnsmasq itself keeps of its leases: dnsmasq(8), --dhcp-leasefile. A line each: when it ends, in seconds since 1970
/// (0: never), MAC address or IAID, address, host name, client identifier or DUID.
///
/// dnsmasq tells of a renewal only if it is the lease's first since it was started, or with --script-on-renewal, which
/// OpenWrt does not set. So whether a lease runs on that should have ended has to be looked up here.
public final class LeaseFiles {
    private let paths: () -> [ByteString]
    /// The lines of all files with the address in front, sorted, so that one of many is found at once. Read when the
    /// first is asked for: most events need none.
    private lazy var lines = read()

    /// - Parameter paths: The files of the running instances.
    public init(_ paths: @escaping () -> [ByteString]) {
        self.paths = paths
    }

    /// How long a client's lease runs on.
    ///
    /// - Parameter wallClock: Since 1970.
    /// - Returns: `unknown` if it has ended, or does not stand in the files.
    public func term(of lease: Lease, _ client: ClientIdentifier, wallClock: Duration) -> Lease.Term {
        for address in lease.addresses {
            for words in words(of: address, client, lease.hardware) {
                if let term = Lease.Term(end: words[1], wallClock: wallClock), term != .unknown { return term }
            }
        }
        return .unknown
    }

    /// The host name of the lease that an event is about; nil if the files do not have the lease, or it has no name.
    public func hostName(of event: LeaseEvent) -> HostName? {
        words(of: event.address, event.client, event.hardware).first.flatMap { HostName($0[3]) }
    }

    /// Whether somebody has a lease of an address.
    func has(_ address: Address) -> Bool { !words(of: address).isEmpty }

    /// Of the leases with a host's name, those to which dnsmasq gives it: if two clients want one name, as after a change of
    /// a MAC address, it goes to the one that came last.
    public func narrowed(_ leases: [Lease], of host: HostName) -> [Lease] {
        func isV4(_ lease: Lease) -> Bool { lease.addresses[0].isIPv4 }
        let isDoubtful = leases.indices.contains { index in
            leases[..<index].contains { isV4($0) == isV4(leases[index]) && $0.hardware != leases[index].hardware }
        }
        if !isDoubtful { return leases }
        let left = leases.filter { lease in
            !words(of: lease.addresses[0]).contains { HostName($0[3]) != host }
        }
        return left.isEmpty ? leases : left
    }

    /// The lines of a client's leases of an address, as words.
    private func words(of address: Address, _ client: ClientIdentifier, _ hardware: ByteString) -> [[ByteString]] {
        words(of: address).filter { words in [words[2], words[4]].contains { $0 == client.text || $0 == hardware } }
    }

    private func words(of address: Address) -> [[ByteString]] {
        let start = address.text + " "
        let first = lines.firstIndex(notBefore: start)
        return lines[first...].prefix { $0.hasPrefix(start) }.map { $0.words }
    }

    /// All leases that have not ended. When they were new, nobody knows.
    ///
    /// - Parameters:
    ///   - now: The clock of `expires`.
    ///   - job: The job that is asked for when one of them expires; empty: none.
    public func leases(at now: Instant, wallClock: Duration, job: ByteString) -> [LeaseStorage.ClientLease] {
        lines.compactMap { line in
            let words = line.words
            guard let address = Address(words[0]),
                let client = address.isIPv4
                    ? ClientIdentifier(hardware: words[2], option61: words[4]) : ClientIdentifier(.duid, words[4]),
                let term = Lease.Term(end: words[1], wallClock: wallClock), term != .unknown
            else { return nil }
            let hardware = !address.isIPv4 || client.kind == .hardware ? "" : words[2].lowercased
            let expires: Instant? = if case .limited(let rest) = term { now + rest } else { nil }
            return LeaseStorage.ClientLease(
                client,
                Lease(
                    addresses: [address], hostName: HostName(words[3]),
                    hardware: hardware, job: job, expires: expires)
            )
        }
    }

    private func read() -> [ByteString] {
        var lines: [ByteString] = []
        for path in paths() {
            // One that is written anew may be missing for a moment.
            guard let text = try? Files.read(path) else { continue }
            for words in text.lines.map({ $0.words }) where words.count >= 5 {
                lines.append([words[2], words[0], words[1], words[3], words[4]].joined(separator: " "))
            }
        }
        return lines.sorted()
    }
}

extension Lease.Term {
    /// - Parameter end: In seconds since 1970; 0: never.
    /// - Returns: nil if it is no number, `unknown` if that is over.
    fileprivate init?(end: ByteString, wallClock: Duration) {
        guard let end = end.number(digits: 12) else { return nil }
        let rest = .seconds(end) - wallClock
        self = end == 0 ? .endless : rest > .zero ? .limited(rest) : .unknown
    }
}
