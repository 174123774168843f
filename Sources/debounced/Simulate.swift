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

    private static func json(_ simulation: Simulation, _ names: [ByteString]) -> ByteString {
        var jobs: [ByteString] = []
        for (index, name) in names.enumerated() {
            let counts = simulation.counts[index]
            var job = JSONObject()
            job.add("job", name.json)
            job.add("requests", counts.requests)
            job.add("runs", counts.runs)
            job.add("failures", counts.failures)
            job.add("timeouts", counts.timeouts)
            job.add("saved", counts.saved)
            jobs.append(job.json)
        }
        let events = simulation.events.map { event in
            var object = JSONObject()
            object.add("time", "\(event.time)")
            object.add("job", names[event.job].json)
            object.add("kind", event.kind.word.json)
            if !event.requester.isEmpty { object.add("requester", event.requester.json) }
            if case .ended(let status) = event.kind { object.add("status", Int(status)) }
            return object.json
        }
        var all = JSONObject()
        all.add("jobs", ByteString(jsonArray: jobs))
        all.add("events", ByteString(jsonArray: events))
        return all.json
    }
}

extension Simulation.Event.Kind {
    fileprivate var word: ByteString {
        switch self {
        case .asked(let verb): verb.rawValue
        case .started: "start"
        case .terminated: "term"
        case .killed: "kill"
        case .ended(status: 0): "done"
        case .ended: "failed"
        }
    }
}
