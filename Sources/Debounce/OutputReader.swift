import Basics

/// Turns what a command writes into lines for the log, and counts the lines beyond the limits. A router's log has 64
/// KB: one command that writes without end would leave no room for other lines.
public struct OutputReader {
    /// In bytes. A longer line is logged in parts.
    public static let longestLine = 1000
    public static let mostLines = 100
    public static let mostLinesPerSecond = 20

    private var line: [UInt8] = []
    /// The present line is left out from here to its end.
    private var isCut = false
    private var leftOut: UInt64 = 0
    /// The number of lines that may still be logged, in all and before `nextSecond`.
    private var rest = Self.mostLines
    private var room = 0
    private var nextSecond = Instant(sinceStart: .zero)

    public init() {}

    /// Reads the bytes of one read(2).
    /// - Returns: The lines to log, without empty ones. Control characters except the tab become `?`.
    public mutating func read(_ bytes: ArraySlice<UInt8>, at now: Instant) -> [ByteString] {
        if nextSecond <= now { (nextSecond, room) = (now + .seconds(1), min(rest, Self.mostLinesPerSecond)) }
        var lines: [ByteString] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                endLine(&lines)
            } else if room == 0 || isCut {
                isCut = true
            } else {
                let isControl = byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F
                line.append(isControl ? UInt8(ascii: "?") : byte)
                if line.count == Self.longestLine { endLine(&lines) }
            }
        }
        return lines
    }

    private mutating func endLine(_ lines: inout [ByteString]) {
        if isCut {
            leftOut += 1
        } else if !line.isEmpty {
            lines.append(ByteString(line))
            (rest, room) = (rest - 1, room - 1)
        }
        (line, isCut) = ([], false)
    }

    /// Ends the output, or only the command's part while a child still writes.
    /// - Parameter isLast: The output is over, so an unfinished line counts as a line.
    /// - Returns: The lines to log, such as the number of lines left out since the last call.
    public mutating func end(isLast: Bool) -> [ByteString] {
        var lines: [ByteString] = []
        if isLast { endLine(&lines) }
        if leftOut > 0 { lines.append("lines left out: \(leftOut)") }
        leftOut = 0
        return lines
    }
}
