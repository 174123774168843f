import Basics
import Network

final class AddressRange {
    private let first: [UInt8]
    private let last: [UInt8]

    private init(from first: [UInt8], to last: [UInt8]) { (self.first, self.last) = (first, last) }

    private convenience init(_ address: Address, mask: [UInt8]) {
        let bytes = address.bytes
        self.init(from: mask.indices.map { bytes[$0] & mask[$0] }, to: mask.indices.map { bytes[$0] | ~mask[$0] })
    }

    /// The addresses of a domain, from `start` (an address, or a prefix such as `192.168.2.0/24`) to `end`, which is
    /// ignored after a prefix: dnsmasq(8), --domain. Returns nil if the words are no range.
    convenience init?(_ start: ByteString, to end: ByteString?) {
        guard let start = Address(orPrefix: start) else { return nil }
        if start.isPrefix {
            let (count, length) = (start.bytes.count - 1, Int(start.bytes[start.bytes.count - 1]))
            let mask = (0..<count).map { UInt8(truncatingIfNeeded: 0xFF00 >> max(0, min(8, length - 8 * $0))) }
            self.init(start, mask: mask)
        } else {
            guard let last = end.map({ Address($0) }) ?? start, last.isIPv4 == start.isIPv4 else { return nil }
            self.init(from: start.bytes, to: last.bytes)
        }
    }

    /// The network of a range such as `set:lan,192.168.1.100,192.168.1.249,255.255.255.0,12h`: dnsmasq(8),
    /// --dhcp-range. Reservations may lie outside the range. Returns nil if the value has no address.
    convenience init?(dhcp value: ByteString) {
        let words = value.commaSeparated
        var addresses = words.compactMap { Address($0) }
        guard let start = addresses.first else { return nil }
        addresses = addresses.filter { $0.isIPv4 == start.isIPv4 }
        // The second address is the mask if the range serves reservations alone.
        if let mask = addresses.first(where: { $0.bytes[0] == 255 }) {
            self.init(start, mask: mask.bytes)
        } else {
            // The interface gives the prefix (8 bytes); the range gives the last 8 bytes.
            let skipped = !start.isIPv4 && words.contains { $0.hasPrefix("constructor:") } ? 8 : 0
            let end = addresses.count > 1 ? addresses[1] : start
            self.init(from: Array(start.bytes.dropFirst(skipped)), to: Array(end.bytes.dropFirst(skipped)))
        }
    }

    func contains(_ address: Address) -> Bool {
        let bytes = Array(address.bytes.suffix(first.count))
        return address.isIPv4 == (first.count == 4) && !address.isPrefix && !bytes.lexicographicallyPrecedes(first)
            && !last.lexicographicallyPrecedes(bytes)
    }
}
