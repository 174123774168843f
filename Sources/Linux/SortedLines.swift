import Basics
import CLinux

extension FileDescriptor {
    /// The lines that start with `prefix`, found without reading all the rest: pread(2).
    ///
    /// - Parameter range: A part of the file that holds whole lines, sorted by their bytes, none longer than 2000 bytes.
    /// - Throws: `cannotCreate`, with the errno.
    public borrowing func sortedLines(
        startingWith prefix: ByteString, in range: Range<Int>
    ) throws(Fault) -> [ByteString] {
        var window = Window()
        // All lines before `start` come before the prefix. The search ends when a line or two are left to look at.
        var start = range.lowerBound
        var end = range.upperBound
        while end - start > 64 {
            let middle = start + (end - start) / 2
            try window.show(middle, of: self)
            let next = middle + window.lineCount + 1
            if next < end { try window.show(next, of: self) }
            if next < end, window.order(to: prefix) < 0 { start = next } else { end = middle }
        }
        var found: [ByteString] = []
        while start < range.upperBound {
            try window.show(start, of: self)
            // Somebody has cut the file off.
            if window.isEmpty { break }
            let order = window.order(to: prefix)
            if order > 0 { break }
            if order == 0 { found.append(window.line) }
            start += window.lineCount + 1
        }
        return found
    }
}

/// The part of a file that was read last, and a line in it.
private struct Window {
    private var bytes: [UInt8] = []
    /// Where in the file it begins.
    private var start = 0
    /// Where in the window the line begins.
    private var first = 0
    /// How long the line is, without its newline.
    private(set) var lineCount = 0

    /// Moves to the line that begins at `offset`, or to the rest of one that is there.
    mutating func show(_ offset: Int, of file: borrowing FileDescriptor) throws(Fault) {
        if offset < start || !hasLine(at: offset - start) {
            bytes = try file.part(at: offset).bytes
            start = offset
            // The last line may have no newline.
            if !hasLine(at: 0) { (first, lineCount) = (0, bytes.count) }
        }
    }

    private mutating func hasLine(at place: Int) -> Bool {
        guard place < bytes.count else { return false }
        let count: Int? = bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress! + place
            return memchr(start, 10, bytes.count - place).map { UnsafeRawPointer($0) - start }
        }
        guard let count else { return false }
        (first, lineCount) = (place, count)
        return true
    }

    var isEmpty: Bool { bytes.isEmpty }
    var line: ByteString { ByteString(bytes[first..<first + lineCount]) }

    /// 0 if the line starts with the prefix, else whether it comes before it (-1) or after it (1).
    func order(to prefix: ByteString) -> Int {
        guard lineCount > 0 else { return -1 }
        let order = bytes.withUnsafeBytes { bytes in
            prefix.bytes.withUnsafeBytes { prefix in
                memcmp(bytes.baseAddress! + first, prefix.baseAddress!, min(lineCount, prefix.count))
            }
        }
        if order != 0 { return order < 0 ? -1 : 1 }
        return lineCount < prefix.count ? -1 : 0
    }
}
