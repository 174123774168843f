import Basics
import Debounce
import TestSupport
import Testing

@Suite struct OutputReaderTests {
    private static let bite = 4096
    private var reader = OutputReader()
    private var lines: [ByteString] = []

    private mutating func read(_ text: [UInt8], at seconds: Double) {
        lines += reader.read(text[...], at: Instant(sinceStart: .milliseconds(Int(seconds * 1000))))
    }

    private mutating func read(_ text: String, at seconds: Double = 0) {
        read(Array(text.utf8), at: seconds)
    }

    private mutating func finish() {
        lines += reader.end(isLast: true)
    }

    @Test mutating func makesLines() {
        read("one\ntwo\u{1B}[31m\tx\n\n\nha")
        #expect(lines == ["one", "two?[31m\tx"])
        read("lf\n")
        read("rest")
        finish()
        #expect(lines == ["one", "two?[31m\tx", "half", "rest"])
    }

    @Test mutating func aLongLineComesInParts() {
        read(Array(repeating: 120, count: 2500), at: 0)
        finish()
        #expect(lines.map { $0.count } == [1000, 1000, 500])
    }

    /// At most 20 lines a second and 100 a run are logged; further lines are counted.
    @Test mutating func isBoundedInLines() {
        let bite = Array(repeating: Array("y\n".utf8), count: Self.bite / 2).flatMap { $0 }
        for second in 0..<10 {
            let before = lines.count
            for part in 0..<10 { read(bite, at: Double(second) + Double(part) / 10) }
            #expect(lines.count - before == (second < 5 ? 20 : 0))
        }
        #expect(lines.count == 100)
        finish()
        let all = 10 * 10 * Self.bite / 2
        #expect(lines.dropFirst(100) == ["lines left out: \(all - 100)"])
        // The count is logged once.
        finish()
        #expect(lines.count == 101)
    }

    /// Lines that are too long, cut by the end of their second, or never ended by a newline.
    @Test mutating func isBoundedInBytes() {
        let zeros = [UInt8](repeating: 0, count: Self.bite)
        for part in 0..<1000 { read(zeros, at: Double(part) / 1000) }
        #expect(lines.count == 20 && lines.allSatisfy { $0 == ByteString(Array(repeating: 63, count: 1000)) })
        // The remainder of the long line is not logged, although there is room again.
        read(zeros, at: 2)
        read("end\nnext\n", at: 2)
        #expect(lines.count == 21 && lines.last == "next")
        finish()
        #expect(lines.last == "lines left out: 1")
    }

    /// The command has ended, but its child holds the stream.
    @Test mutating func whatAChildWritesLaterCountsToo() {
        for number in 0..<30 { read("\(number)\n") }
        read("begun")
        lines += reader.end(isLast: false)
        #expect(lines.count == 21 && lines.last == "lines left out: 10")
        read("\nchild\n", at: 3)
        finish()
        #expect(lines.dropFirst(21) == ["child", "lines left out: 1"])
    }
}
