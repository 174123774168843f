import Basics
import CLinux
import Network
import TestSupport
import Testing

@Suite struct AddressTests {
    /// Addresses of mostly zeros, since those can be written in several ways.
    @Test func writesAddressesAsTheLibcDoes() {
        var random = SeededGenerator()
        for _ in 0..<20_000 {
            let count = Bool.random(using: &random) ? 4 : 16
            var bytes = (0..<count).map { _ in
                UInt8.random(in: 0...3, using: &random) == 0 ? UInt8.random(in: 0...255, using: &random) : 0
            }
            if count == 16, UInt8.random(in: 0...9, using: &random) == 0 {
                bytes.replaceSubrange(..<12, with: Array(repeating: 0, count: 10) + [0xFF, 0xFF])
            }
            // glibc's inet_ntop(3) also ends the obsolete IPv4-compatible addresses (::/96) in dotted form.
            guard count == 4 || bytes[..<12].contains(where: { $0 != 0 }) else { continue }
            var text = [CChar](repeating: 0, count: 64)
            inet_ntop(count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
            #expect(Address(bytes: bytes)?.text == ByteString(cString: text))
        }
        #expect(Address("::")?.text == "::")
        #expect(Address("::1")?.text == "::1")
        #expect(Address("0:0:1::")?.text == "0:0:1::")
    }

    @Test func spellsAddressesOneWay() {
        #expect(("192.168.1.1" as ByteString).canonicalAddress == "192.168.1.1")
        #expect(("FD00:0000::01" as ByteString).canonicalAddress == "fd00::1")
        #expect(("192.168.1.1\n" as ByteString).canonicalAddress == nil)
        #expect(("" as ByteString).canonicalAddress == nil)
    }
}
