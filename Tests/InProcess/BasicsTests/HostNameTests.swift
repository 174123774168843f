import Basics
import TestSupport
import Testing

@Suite struct HostNameTests {
    private static let label = String(repeating: "a", count: 63)

    @Test(arguments: [
        "a", "A-b_c", "1", "_x", "a-", "a.b.c", "xn--bcher-kva", label,
        String([label, label, label, label].joined(separator: ".").dropLast(2)),
    ])
    func takes(name: String) {
        #expect(ByteString(name).isHostName)
    }

    @Test(arguments: [
        "", ".", "a.", ".a", "a..b", "-a", "a.-b", "a b", "a,b", "a/b", "..", "../a", "a\n", "a\u{0}", "a\u{7F}", "ä",
        "#",
        "a=b", label + "a", "a." + label + "a", [label, label, label, label].joined(separator: "."),
    ])
    func refuses(name: String) {
        #expect(!ByteString(name).isHostName)
    }

    /// Any name that is accepted is safe in a path and in a line of dnsmasq's settings.
    @Test func takesNoByteThatCouldBreakOut() {
        for byte in UInt8.min...UInt8.max {
            let isTaken = ByteString([0x61, byte, 0x61]).isHostName
            let isHarmless = byte.isASCIILetter || byte.isASCIIDigit || [0x2D, 0x2E, 0x5F].contains(byte)
            #expect(isTaken == isHarmless, "\(byte)")
        }
    }
}

@Suite struct DigestTests {
    /// Test vectors of draft-eastlake-fnv.
    @Test func isFNV1a() {
        let vectors: [(ByteString, ByteString)] = [
            ("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8"),
        ]
        for (text, digest) in vectors { #expect(text.digest == digest) }
    }

    @Test func tellsTextsApart() {
        let all = (["", "a", "b", "ab", "ba", "a\n", "a\nb"] as [ByteString]).map { $0.digest }
        for (index, one) in all.enumerated() { #expect(!all[..<index].contains(one)) }
    }
}
