import Basics
import Network

/// Addresses that an instance of dnsmasq gives: dnsmasq(8), --dhcp-range.
final class DHCPRange {
    private let start: Address
    private let end: Address?
    private let mask: Address?
    /// IPv6: the prefix is that of an interface, and only the rest is given.
    private let isConstructed: Bool

    /// - Parameter value: Such as `set:lan,192.168.1.100,192.168.1.249,255.255.255.0,12h`.
    /// - Returns: nil if it has no address.
    init?(_ value: ByteString) {
        var addresses: [Address] = []
        var isConstructed = false
        for part in value.parts(separatedBy: { $0 == UInt8(ascii: ",") }) {
            if let address = Address(part), address.isIPv4 == (addresses.first ?? address).isIPv4 {
                addresses.append(address)
            }
            if part.hasPrefix("constructor:") { isConstructed = true }
        }
        guard let start = addresses.first else { return nil }
        (self.start, self.isConstructed) = (start, isConstructed)
        // Of a range that holds for reservations alone, the second address is the mask.
        let isMask = start.isIPv4 && addresses.count == 2 && addresses[1].bytes[0] == 255
        end = addresses.count > 1 && !isMask ? addresses[1] : nil
        mask = isMask ? addresses[1] : addresses.count > 2 ? addresses[2] : nil
    }

    /// Whether the address is in the range's network: reservations may lie beside the range itself.
    func holds(_ address: Address) -> Bool {
        guard address.isIPv4 == start.isIPv4 else { return false }
        let (bytes, first, last) = (address.bytes, start.bytes, (end ?? start).bytes)
        if let mask { return bytes.indices.allSatisfy { (bytes[$0] ^ first[$0]) & mask.bytes[$0] == 0 } }
        // Of IPv6, the range is about the half behind the prefix.
        let rest = address.isIPv4 ? 0 : 8
        if !isConstructed, bytes[..<rest] != first[..<rest] { return false }
        return !bytes[rest...].lexicographicallyPrecedes(first[rest...])
            && !last[rest...].lexicographicallyPrecedes(bytes[rest...])
    }
}
