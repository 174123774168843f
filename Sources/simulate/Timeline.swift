import Basics
import Debounce

/// A simulation as text: a column for each moment at which something happens, a row for each job.
///
/// A column shows what happens to the job at its moment, then what the job does until the next. Requests that come
/// within a second and change nothing share a column: `5r` are five.
struct Timeline {
    /// How many bytes a line of the text may have. What does not fit goes on below.
    private static let width = 100
    private static let burst = Duration.seconds(1)
    private static let legend: [ByteString] = [
        "r request  f flush  c cancel  . waits for quiet  : waits to try again  ~ throttled",
        "[ run starts  = runs  ] done  ! failed  T timeout: TERM  K timeout: KILL",
    ]

    private let names: [ByteString]
    private let counts: [Simulation.Counts]
    private var columns: [Column] = []

    init(_ simulation: Simulation, _ names: [ByteString]) {
        self.names = names
        counts = simulation.counts
        for event in simulation.events {
            let before = columns.last?.cells ?? names.map { _ in Cell() }
            let isQuiet = event.isRequest && event.phase.sign == before[event.job].sign
            let isSame = columns.last.map { last in
                last.time == event.time || isQuiet && last.isQuiet && event.time - last.time < Timeline.burst
            }
            if isSame != true {
                columns.append(Column(time: event.time, cells: before.map { Cell(sign: $0.sign) }))
            }
            let last = columns.count - 1
            columns[last].cells[event.job].add(event.kind.sign)
            columns[last].cells[event.job].sign = event.phase.sign
            if !isQuiet { columns[last].isQuiet = false }
        }
    }

    var text: ByteString {
        (blocks + [Timeline.legend.joined(separator: "\n"), summary]).joined(separator: "\n\n")
    }

    /// The columns, as many below each other as the width calls for.
    private var blocks: [ByteString] {
        let header: ByteString = "seconds"
        let margin = (names + [header]).map { $0.count }.max()! + 2
        var blocks: [[ByteString]] = []
        for column in columns {
            if blocks.last.map({ $0[0].count + column.width > Timeline.width }) ?? true {
                blocks.append(([header] + names).map { $0.padded(to: margin) })
            }
            let last = blocks.count - 1
            blocks[last][0] += column.label.padded(to: column.width)
            for (job, cell) in column.cells.enumerated() {
                blocks[last][job + 1] += cell.text.padded(to: column.width, with: cell.sign)
            }
        }
        return blocks.map { rows in rows.map { $0.withoutTrailingSpaces }.joined(separator: "\n") }
    }

    private var summary: ByteString {
        var lines: [ByteString] = []
        for (index, name) in names.enumerated() {
            let counts = counts[index]
            var line: ByteString = "\(name): \(counts.requests.of("request")), \(counts.runs.of("run"))"
            if counts.failures > 0 { line += ", \(counts.failures) failed" }
            if counts.timeouts > 0 { line += ", \(counts.timeouts) timed out" }
            lines.append(line + ", \(counts.saved.of("restart")) saved")
        }
        return lines.joined(separator: "\n")
    }

    private final class Column {
        let time: Duration
        var cells: [Cell]
        /// It shows nothing but requests that changed nothing.
        var isQuiet = true

        init(time: Duration, cells: [Cell]) {
            self.time = time
            self.cells = cells
        }

        var label: ByteString { "\(time)" }
        /// One more than the longest text, so that it shows what comes after.
        var width: Int { (cells.map { $0.text.count } + [label.count]).max()! + 1 }
    }

    private final class Cell {
        /// What the job does afterwards.
        var sign = UInt8(ascii: " ")
        /// What happens to it: all but the last thing; and the last, with how often it came in a row.
        private var before: ByteString = ""
        private var last: ByteString = ""
        private var count = 0

        init() {}

        init(sign: UInt8) {
            self.sign = sign
        }

        func add(_ sign: UInt8) {
            let sign = ByteString([sign])
            if sign != last { (before, last, count) = (text, sign, 0) }
            count += 1
        }

        var text: ByteString { count > 1 ? "\(before)\(count)\(last)" : before + last }
    }
}

extension Simulation.Event {
    fileprivate var isRequest: Bool { kind == .asked(.request) || kind == .asked(.pending) }
}

extension Simulation.Event.Kind {
    fileprivate var sign: UInt8 {
        switch self {
        case .asked(.request), .asked(.pending): UInt8(ascii: "r")
        case .asked(.flush): UInt8(ascii: "f")
        case .asked(.cancel), .asked(.withdrawn): UInt8(ascii: "c")
        case .started: UInt8(ascii: "[")
        case .terminated: UInt8(ascii: "T")
        case .killed: UInt8(ascii: "K")
        case .ended(status: 0): UInt8(ascii: "]")
        case .ended: UInt8(ascii: "!")
        }
    }
}

extension Debouncer.Phase {
    fileprivate var sign: UInt8 {
        switch self {
        case .idle: UInt8(ascii: " ")
        case .waiting: UInt8(ascii: ".")
        case .retrying: UInt8(ascii: ":")
        case .throttled: UInt8(ascii: "~")
        case .running: UInt8(ascii: "=")
        }
    }
}

extension Int {
    /// "1 run", "2 runs".
    fileprivate func of(_ noun: ByteString) -> ByteString {
        self == 1 ? "1 \(noun)" : "\(self) \(noun)s"
    }
}

extension ByteString {
    fileprivate var withoutTrailingSpaces: ByteString {
        let spaces = bytes.reversed().prefix { $0 == UInt8(ascii: " ") }.count
        return ByteString(bytes.dropLast(spaces))
    }
}
