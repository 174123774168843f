import Basics
import Configuration
import Linux

/// `debounced status`: what the state files of the running daemon say.
struct Status {
    private let daemon: Int32
    private var jobs: [Shown] = []

    /// Prints the state. With `--watch` prints a shorter table again and again, until the program or the daemon ends:
    /// on a terminal always in one place, in 60 columns.
    static func show(_ call: Call) throws(Fault) {
        guard call.has("--watch") else {
            let status = try Status(call)
            return Log.info(call.wantsJSON ? try status.json(call.places) : status.lines().joined(separator: "\n"))
        }
        while true {
            let status = try Status(call)
            let lines = status.lines(isNarrow: true)
            // Moves the cursor home, and clears each line to its end and all lines below the last.
            let text = lines.joined(separator: Process.isTerminal ? "\u{1B}[K\n" : "\n")
            Log.info(Process.isTerminal ? "\u{1B}[H\(text)\u{1B}[K\n\u{1B}[J" : text)
            // Every second, since the table has seconds, and after each change if the files can be watched.
            let folders = status.jobs.map { call.places.state(of: $0["job"]) }
            if (try? FileWatch(.changes, in: folders).wait(upTo: .seconds(1))) == nil { Process.pause(.seconds(1)) }
        }
    }

    private init(_ call: Call) throws(Fault) {
        let places = call.places
        // Another user could have written anything there, or placed links to other files.
        try Files.checkFolder(places.daemon)
        guard let daemon = try FileLock.holder(of: places.lock)
        else { throw Fault(.unavailable, "\(places.daemon): debounced is not running") }
        var names = try Files.names(in: places.daemon + "/jobs")
        if let job = call.words.first {
            guard names.contains(job)
            else { throw Fault(.usage, "no job '\(job.printable())', there are: \(names.listed)") }
            names = [job]
        }
        self.daemon = daemon
        for name in names { jobs.append(try Shown(name, folder: places.state(of: name))) }
    }

    /// One job, as its files say. All values except the causes are of one moment.
    private final class Shown {
        let causes: [ByteString]
        /// As `NAME VALUE`.
        private let values: [ByteString]

        init(_ name: ByteString, folder: ByteString) throws(Fault) {
            values = try ["job \(name)"] + Files.read(folder + "/all").lines
            causes = try Files.read(folder + "/causes").lines.filter { !$0.isEmpty }
        }

        subscript(_ name: ByteString) -> ByteString { values.values(of: name + " ").first ?? "" }

        /// Returns the age of a moment in whole seconds, negative for a moment to come; nil if the value is empty.
        private func age(_ name: ByteString) -> Int64? {
            self[name].seconds.map { (Process.now.sinceStart - $0).components.seconds }
        }

        var state: (text: ByteString, colour: ByteString) {
            let (state, late) = (self["state"], age("due") ?? 0)
            let due = state + (late > 0 ? ", overdue by \(late) s" : ", runs in \(-late) s")
            return switch state {
            case "running": ("running for \(age("last_run") ?? 0) s", "36")
            case "waiting": (due, "33")
            case "retrying": (due, "31")
            case "throttled": (due, "35")
            default: (state, "32")
            }
        }

        var cells: [ByteString] {
            let ago = self["last_exit"].isEmpty ? nil : age("last_run")
            let lastRun: ByteString = ago.map { "\($0) s ago, status \(self["last_exit"])" } ?? "-"
            let counts = ("requests runs saved failures" as ByteString).words.map { self[$0] }
            return [self["job"], state.text] + counts + [lastRun, self["command"]]
        }

        var json: ByteString {
            let names = "job " + JobState.names
            let texts = ("job state command" as ByteString).words
            let values = names.words.map { name in
                texts.contains(name) ? self[name].json : self[name].isEmpty ? "null" : self[name]
            }
            return ByteString(json: names + " causes", values + [ByteString(jsonArray: causes.map { $0.json })])
        }
    }

    private func lines(isNarrow: Bool = false) -> [ByteString] {
        // On a terminal, unless its user wants no colours: no-color.org.
        let isColoured = Process.isTerminal && (Process.environment("NO_COLOR") ?? "").isEmpty
        func name(_ name: ByteString) -> ByteString { isNarrow ? name.printable(limit: 20) : name }
        func columns(_ row: [ByteString]) -> [ByteString] { isNarrow ? [name(row[0]), row[1], row[3], row[6]] : row }
        let heads: [ByteString] = ["JOB", "STATE", "REQUESTS", "RUNS", "SAVED", "FAILED", "LAST RUN", "COMMAND"]
        var lines = ([heads] + jobs.map { $0.cells }).map(columns).table { cell, row, column in
            isColoured && column == 1 ? "\u{1B}[\(jobs[row].state.colour)m\(cell)\u{1B}[0m" : cell
        }.lines
        if RunningProcess.isStopped(daemon) {
            lines.insert("debounced is stopped, as process \(daemon): kill -CONT \(daemon)", at: 0)
        }
        for job in jobs where !job.causes.isEmpty {
            lines.append("\(name(job["job"]))'s last run: \(job.causes.joined(separator: ", ", limit: 5))")
        }
        guard isNarrow else { return lines }
        // The state, and with it the 9 bytes of its colour, comes before the cut.
        return lines.map { line in
            ByteString(line.bytes[..<min(line.count, line.bytes.firstIndex(of: 0x1B) == nil ? 60 : 69)])
        }
    }

    private func json(_ places: Places) throws(Fault) -> ByteString {
        let rejected = try Files.read(places.rejected).lines.first ?? "null"
        let stopped: ByteString = RunningProcess.isStopped(daemon) ? "true" : "false"
        let jobs = ByteString(jsonArray: jobs.map { $0.json })
        let values = [Process.now.json, Process.version.json, "\(daemon)", stopped, rejected, jobs]
        return ByteString(json: "now version process stopped rejected jobs", values)
    }
}
