import Basics
import Debounce

/// A simulation as text: a column for each moment with an event, a row for each job.
///
/// A column shows the events of its moment, then what the job does until the next. Requests within a second that change
/// nothing share a column: `5r` is five requests.
struct Timeline {
    /// The longest line, in bytes. Further columns go into a block below.
    private static let width = 100
    private static let burst = Duration.seconds(1)
    private static let legend: ByteString = """
        r request  f flush  c cancel  . waits for quiet  : waits to try again  ~ throttled
        [ run starts  = runs  ] done  ! failed  T timeout: TERM  K timeout: KILL
        """

    private let names: [ByteString]
    private let counts: [Simulation.Counts]
    private var columns: [Column] = []

    init(_ simulation: Simulation, names: [ByteString]) {
        self.names = names
        counts = simulation.counts
        for event in simulation.events {
            let before = columns.last?.cells ?? names.map { _ in Cell() }
            let isQuiet = event.isRequest && event.phase.sign == before[event.job].sign
            let isSame = columns.last.map { last in
                last.time == event.time || isQuiet && last.isQuiet && event.time - last.time < Timeline.burst
            }
            if isSame != true { columns.append(Column(time: event.time, cells: before.map { Cell(sign: $0.sign) })) }
            let last = columns.count - 1
            columns[last].cells[event.job].marks.append(event.kind.drawn.sign)
            columns[last].cells[event.job].sign = event.phase.sign
            if !isQuiet { columns[last].isQuiet = false }
        }
    }

    var text: ByteString {
        (blocks + [Timeline.legend, zip(names, counts).map(summary).joined(separator: "\n")]).joined(separator: "\n\n")
    }

    private var blocks: [ByteString] {
        let header = ["seconds"] + names
        let margin = header.map { $0.count }.max()! + 2
        var blocks: [[ByteString]] = []
        for column in columns {
            if blocks.last.map({ $0[0].count + column.width > Timeline.width }) ?? true {
                blocks.append(header.map { $0.padded(to: margin) })
            }
            let last = blocks.count - 1
            blocks[last][0] += column.label.padded(to: column.width)
            for (job, cell) in column.cells.enumerated() {
                blocks[last][job + 1] += cell.text.padded(to: column.width, with: cell.sign)
            }
        }
        return blocks.map { rows in
            // Each row starts with its name.
            rows.map { row in ByteString(row.bytes[...row.bytes.lastIndex { $0 != UInt8(ascii: " ") }!]) }
                .joined(separator: "\n")
        }
    }

    private func summary(_ name: ByteString, counts: Simulation.Counts) -> ByteString {
        func number(_ count: Int, of noun: ByteString) -> ByteString { "\(count) \(noun)" + (count == 1 ? "" : "s") }
        var line: ByteString = "\(name): \(number(counts.requests, of: "request")), \(number(counts.runs, of: "run"))"
        if counts.failures > 0 { line += ", \(counts.failures) failed" }
        if counts.timeouts > 0 { line += ", \(counts.timeouts) timed out" }
        return "\(line), \(number(counts.saved, of: "restart")) saved"
    }

    private struct Column {
        let time: Duration
        var cells: [Cell]
        /// The column has only requests, and they changed nothing.
        var isQuiet = true

        var label: ByteString { "\(time)" }
        /// One more than the longest text, to show the state after it.
        var width: Int { (cells.map { $0.text.count } + [label.count]).max()! + 1 }
    }

    private struct Cell {
        var sign = UInt8(ascii: " ")
        var marks: [UInt8] = []

        /// The signs, each with its number in a row.
        var text: ByteString {
            var text: ByteString = ""
            var rest = marks[...]
            while let mark = rest.first {
                let count = rest.prefix { $0 == mark }.count
                if count > 1 { text += "\(count)" }
                text += ByteString([mark])
                rest = rest.dropFirst(count)
            }
            return text
        }
    }
}

extension Simulation.Event.Kind {
    var drawn: (word: ByteString, sign: UInt8) {
        switch self {
        case .asked(.flush): ("flush", UInt8(ascii: "f"))
        case .asked(.cancel): ("cancel", UInt8(ascii: "c"))
        case .asked(.withdrawn): ("withdrawn", UInt8(ascii: "c"))
        case .asked(let verb): (verb.rawValue, UInt8(ascii: "r"))
        case .started: ("start", UInt8(ascii: "["))
        case .terminated: ("term", UInt8(ascii: "T"))
        case .killed: ("kill", UInt8(ascii: "K"))
        case .ended(status: 0): ("done", UInt8(ascii: "]"))
        case .ended: ("failed", UInt8(ascii: "!"))
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
