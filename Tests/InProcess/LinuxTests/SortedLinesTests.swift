import Basics
import Linux
import TestSupport
import Testing

/// Finds lines in a file without reading the rest of it.
@Suite struct SortedLinesTests {
    private let scratch = Scratch()

    private func file(_ text: String) throws -> FileDescriptor {
        let path = ByteString(scratch.write("file", text))
        return try FileDescriptor.ifThere(path)!
    }

    /// It finds what a plain search finds, among few or many lines of all lengths.
    @Test func findsWhatAPlainSearchFinds() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            var lines: Set<String> = []
            for _ in 0..<Int.random(in: 0...400, using: &random) {
                let length = Bool.random(using: &random) ? Int.random(in: 1...4, using: &random) : 1
                let name = String((0..<length).map { _ in "ab-".randomElement(using: &random)! })
                lines.insert(name + " " + String(repeating: "x", count: Int.random(in: 0...300, using: &random)))
            }
            let sorted = lines.map { ByteString($0) }.sorted()
            let head = Bool.random(using: &random) ? "# a head\n\n" : ""
            let text = head + sorted.map { "\($0)\n" }.joined()
            let file = try file(text)
            for _ in 0..<20 {
                let length = Int.random(in: 1...4, using: &random)
                let name = String((0..<length).map { _ in "ab-c".randomElement(using: &random)! })
                let prefix = ByteString(name + (Bool.random(using: &random) ? " " : ""))
                let found = try file.sortedLines(startingWith: prefix, in: head.utf8.count..<text.utf8.count)
                #expect(found == sorted.filter { $0.hasPrefix(prefix) }, "\(prefix)")
            }
        }
    }
}
