import Basics
import CLinux
import Network
import TestSupport
import Testing

@Suite struct AddressTests {
    /// Addresses of mostly zeros, which can be written in several ways.
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
        #expect(Address("::").text == "::")
        #expect(Address("::1").text == "::1")
        #expect(Address("0:0:1::").text == "0:0:1::")
    }

    @Test func spellsAddressesOneWay() {
        func spelled(_ text: ByteString) -> ByteString? { Address(text)?.text }
        #expect(spelled("192.168.1.1") == "192.168.1.1")
        #expect(spelled("FD00:0000::01") == "fd00::1")
        #expect(spelled("192.168.1.1\n") == nil)
        #expect(spelled("") == nil)
        #expect(spelled("fd00::/64") == nil)
    }

    @Test func readsPrefixes() {
        func spelled(_ text: ByteString) -> ByteString? { Address(orPrefix: text)?.text }
        #expect(spelled("FD00::/64") == "fd00::/64")
        #expect(spelled("10.0.0.0/0") == "10.0.0.0/0")
        #expect(spelled("fd00::1") == "fd00::1")
        #expect(Address(orPrefix: "fd00::/64") != Address(orPrefix: "fd00::"))
        let wrong: [ByteString] = [
            "10.0.0.1 10.0.0.2", "10.0.0.256", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "/64", "", "x",
        ]
        for text in wrong { #expect(spelled(text) == nil, "\(text)") }
    }
}
