import Basics

/// The options of the command line that say which jobs there are: of `debounced` and of `simulate`.
public struct JobOptions: Sendable {
    private(set) var jobs: [JobSection] = []
    /// The options that hold for all of these jobs, and the value of each.
    private var names: [ByteString] = []
    private var values: [ByteString] = []

    /// Takes an option and its value.
    ///
    /// - Returns: Whether it is one of these options.
    /// - Throws: `usage`.
    public mutating func take(_ option: ByteString, _ arguments: inout Arguments) throws(Fault) -> Bool {
        switch option {
        case "--job":
            let job = try JobSection(argument: arguments.value())
            if jobs.contains(where: { $0.name == job.name }) {
                throw Fault(.usage, "--job '\(job.name)' is there twice")
            }
            jobs.append(job)
        case "--quiet", "--max-wait", "--timeout":
            names.append(option)
            values.append(try arguments.value())
        default: return false
        }
        return true
    }

    /// Sets the options of the jobs, once all arguments are taken.
    ///
    /// - Throws: `usage`.
    func complete() throws(Fault) {
        if jobs.isEmpty, let name = names.first {
            throw Fault(.usage, "\(name) goes with --job; for the jobs in the settings it stands there")
        }
        for job in jobs {
            for (place, name) in names.enumerated() {
                // Named as in the settings, but for the dashes.
                let option = ByteString(name.bytes[2...].map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 })
                if let fault = job.set(option, values[place]) { throw Fault(.usage, "--\(fault)") }
            }
            let isSet = names.contains { $0 == "--max-wait" }
            if let fault = job.completed(isSet: isSet) { throw Fault(.usage, "--\(fault)") }
        }
    }
}
