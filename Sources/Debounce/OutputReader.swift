import Basics

/// Turns what a command writes into lines for the log, as many as a log can bear. A router's log is 64 KB of memory: one
/// command that writes without end would leave nothing else there. The lines beyond are counted.
public struct OutputReader {
    /// A longer line is logged in parts, in bytes.
    public static let longestLine = 1000
    /// At most so many lines of one run are logged.
    public static let mostLines = 100
    /// And within a second so many.
    public static let mostLinesPerSecond = 20

    private var line: [UInt8] = []
    /// The rest of the present line is left out.
    private var isCut = false
    private var leftOut: UInt64 = 0
    /// How many lines may still be logged: in all, and before `nextSecond`.
    private var rest = Self.mostLines
    private var room = 0
    private var nextSecond = Instant(sinceStart: .zero)

    public init() {}

    /// Takes what one read brought.
    ///
    /// - Returns: The lines to log. Control characters in them are `?`, but for the tab; empty lines are passed over.
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

    /// Nothing more comes, or the command has ended and only what it has started still writes.
    ///
    /// - Parameter isLast: Nothing more comes, so an unfinished line is one.
    /// - Returns: What is left to log, such as how many lines were left out since the last call.
    public mutating func end(isLast: Bool) -> [ByteString] {
        var lines: [ByteString] = []
        if isLast { endLine(&lines) }
        if leftOut > 0 { lines.append("lines left out: \(leftOut)") }
        leftOut = 0
        return lines
    }
}
