import Basics
import TestSupport
import Testing

@Suite struct LineSearchTests {
    @Test func findsWhatAPlainSearchFinds() {
        var random = SeededGenerator()
        func name(_ letters: String, _ lengths: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: lengths, using: &random)).map { _ in letters.randomElement(using: &random)! })
        }
        for _ in 0..<300 {
            let lines = (0..<Int.random(in: 0...400, using: &random)).map { _ in name("ab- ", 0...8) }
            let text = ByteString(lines.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : ""))
            for _ in 0..<20 {
                let prefix = ByteString(name("ab- c", 1...4))
                let whole = "\(text)"
                let start = whole.range(ofPart: "\(prefix)")
                #expect(text.firstIndex(of: prefix) == start, "\(prefix)")
            }
        }
    }
}

extension String {
    /// Returns the offset of the part in bytes, by a plain search.
    fileprivate func range(ofPart part: String) -> Int? {
        let (all, part) = (Array(utf8), Array(part.utf8))
        return all.indices.first { all[$0...].starts(with: part) }
    }
}
