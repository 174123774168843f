import Basics
import Configuration
import Debounce
import Linux

/// `debounced simulate`: what the daemon would have done, with the settings in force.
enum Simulate {
    /// In bytes: a million requests are 20 MB.
    private static let longestTrace = 64 << 20

    /// - Parameter file: `-` or nil: standard input.
    static func print(_ file: ByteString?, asJSON: Bool, _ call: Call) throws(Fault) {
        let jobs = try call.settings().jobs
        let trace: Trace
        if let file, file != "-" {
            trace = try Trace(Files.read(file, limit: longestTrace), file: file, jobs: jobs)
        } else {
            trace = try Trace(standardInput(), file: "standard input", jobs: jobs)
        }
        let simulation = Simulation(trace, jobs: jobs)
        let names = jobs.map { $0.name }
        Log.info(asJSON ? json(simulation, names) : Timeline(simulation, names).text)
    }

    private static func standardInput() throws(Fault) -> ByteString {
        let input = FileDescriptor(number: 0)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case .bytes(let count) = try input.read(into: &buffer) {
            text += buffer[..<count]
            guard text.count <= longestTrace else {
                throw Fault(.data, "standard input: longer than \(longestTrace) bytes")
            }
        }
        return ByteString(text)
    }

    /// The names are of letters, digits, `-` and `_`: nothing to escape.
    private static func json(_ simulation: Simulation, _ names: [ByteString]) -> ByteString {
        var jobs: [ByteString] = []
        for (index, name) in names.enumerated() {
            let counts = simulation.counts[index]
            jobs.append(
                """
                {"job":"\(name)","requests":\(counts.requests),"runs":\(counts.runs),\
                "failures":\(counts.failures),"timeouts":\(counts.timeouts),"saved":\(counts.saved)}
                """)
        }
        let events = simulation.events.map { event in
            let status: ByteString = if case .ended(let status) = event.kind { ",\"status\":\(status)" } else { "" }
            return
                "{\"time\":\(event.time),\"job\":\"\(names[event.job])\",\"kind\":\"\(literal: event.kind.word)\"\(status)}"
                as ByteString
        }
        return "{\"jobs\":[\(jobs.joined(separator: ","))],\"events\":[\(events.joined(separator: ","))]}"
    }
}

extension Simulation.Event.Kind {
    fileprivate var word: StaticString {
        switch self {
        case .asked(let verb): verb.word
        case .started: "start"
        case .terminated: "term"
        case .killed: "kill"
        case .ended(status: 0): "done"
        case .ended: "failed"
        }
    }
}
