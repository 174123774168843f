import Basics
import TestSupport
import Testing

@Suite struct NameIndexTests {
    @Test func findsAllPlacesOfAName() {
        let index = NameIndex(["b", "a", "a-b", "b", "", "ab", "a.b", "b"])
        #expect(index.indices(of: "b") == [0, 3, 7])
        #expect(index.indices(of: "a") == [1] && index.indices(of: "a-b") == [2] && index.indices(of: "ab") == [5])
        #expect(index.indices(of: "") == [4] && index.indices(of: "c") == [] && index.indices(of: "a 1") == [])
        #expect(index.contains("a-b") && !index.contains("a-") && !index.contains("A"))
        #expect(NameIndex([]).indices(of: "a") == [])
    }

    @Test func looksInAPartOfATextInLowerCase() {
        let index = NameIndex(["arch", "a_b"])
        let text: ByteString = "x Arch-a_B A\u{7F}B"
        #expect(index.contains(text, in: 2..<6) && index.contains(text, in: 7..<10))
        #expect(
            !index.contains(text, in: 2..<5) && !index.contains(text, in: 2..<10) && !index.contains(text, in: 2..<2))
        // The hash takes DEL for `_`.
        #expect(!index.contains(text, in: 11..<14))
    }

    @Test func findsWhatALoopFinds() {
        var random = SeededGenerator()
        for _ in 0..<200 {
            let count = Int.random(in: 0...40, using: &random)
            let names = (0..<count).map { _ in
                ByteString((0..<2).map { _ in [0x2D, 0x61, 0x62].randomElement(using: &random)! })
            }
            let index = NameIndex(names)
            for name in names + ["aaa", "a"] {
                #expect(index.indices(of: name) == names.indices.filter { names[$0] == name })
            }
        }
    }

    @Test func sortsAndFindsTheFirstWithAPrefix() {
        var random = SeededGenerator(1)
        for _ in 0..<200 {
            let count = Int.random(in: 0...40, using: &random)
            let names = (0..<count).map { _ in
                ByteString((0..<2).map { _ in UInt8.random(in: 0x20...0x22, using: &random) })
            }
            let sorted: [ByteString] = names.sorted()
            #expect(sorted.map { $0.bytes } == names.map { $0.bytes }.sorted { $0.lexicographicallyPrecedes($1) })
            for name: ByteString in names + ["", "~"] {
                #expect(sorted.firstSorted(withPrefix: name) == sorted.first { $0.bytes.starts(with: name.bytes) })
            }
        }
    }

    @Test func eachOnceInTheOrderOfTheFirst() {
        #expect([3, 1, 3, 2, 1].uniqued == [3, 1, 2] && [Int]().uniqued == [])
    }
}
