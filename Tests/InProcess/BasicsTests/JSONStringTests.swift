import Basics
import TestSupport
import Testing

@Suite struct JSONStringTests {
    @Test(
        arguments: [
            ([0x61, 0x22, 0x5C, 0x0A, 0x1F, 0x7F], "a\\\"\\\\\\u000a\\u001f\u{7F}"),
            // The first and the last character of each length.
            (
                Array("\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}".utf8),
                "\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"
            ),
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"), ([0x80], "\u{FFFD}"), ([0xFE, 0xFF], "\u{FFFD}\u{FFFD}"),
            // Overlong.
            ([0xC0, 0xAF], "\u{FFFD}\u{FFFD}"), ([0xC1, 0xA2], "\u{FFFD}\u{FFFD}"),
            ([0xE0, 0x9F, 0xBF], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF0, 0x8F, 0xBF, 0xBF], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            // The surrogates, U+110000, and the old forms of five bytes.
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"), ([0xED, 0xBF, 0xBF], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"), ([0xF5, 0x80], "\u{FFFD}\u{FFFD}"),
            // Cut off by the end, by a letter that needs escaping, and by another character.
            ([0x61, 0xE2, 0x82], "a\u{FFFD}"), ([0xF0, 0x9F, 0x98, 0x22], "\u{FFFD}\\\""),
            ([0xE2, 0x82, 0xC3, 0xA9], "\u{FFFD}é"),
        ] as [([UInt8], String)])
    func stringsAreUTF8(bytes: [UInt8], text: String) {
        #expect(Array("\"\(text)\"".utf8) == ByteString(bytes).json.bytes)
    }

    /// Swift's own strings are the reference.
    @Test func mendsAnyBytes() {
        var random = SeededGenerator()
        let pool: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...8, using: &random)).map { _ in pool.randomElement(using: &random)! }
            #expect(
                ByteString(bytes).json.bytes == Array("\"\(String(decoding: bytes, as: UTF8.self))\"".utf8), "\(bytes)")
        }
    }
}
