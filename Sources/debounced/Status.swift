import Basics
import Configuration
import Linux

/// `debounced status`: what the state files of the running daemon say.
struct Status {
    let job: ByteString?
    let places: Places

    func print(asJSON: Bool) throws(Fault) {
        let (daemon, jobs) = try read()
        if asJSON {
            Log.info(try json(jobs, daemon))
        } else {
            Log.info(Status.table(jobs, daemon).joined(separator: "\n"))
        }
    }

    /// Shows what matters most of the table again and again, until the program or the daemon ends: on a terminal always in
    /// one place, in 60 columns.
    func watch() throws(Fault) {
        while true {
            let (daemon, jobs) = try read()
            let lines = Status.table(jobs, daemon, isNarrow: true)
            if Process.isTerminal {
                // Moves the cursor home, and clears each line to its end and all that is below the last.
                Log.info("\u{1B}[H\(lines.joined(separator: "\u{1B}[K\n"))\u{1B}[K\n\u{1B}[J")
            } else {
                Log.info(lines.joined(separator: "\n"))
            }
            // Once a second, for what counts down; and at once when something happens, if so much can be watched.
            do throws(Fault) {
                let watch = try FileWatch(.changes, in: jobs.map { places.state(of: $0.name) })
                watch.wait(upTo: .seconds(1))
            } catch {
                Process.pause(.seconds(1))
            }
        }
    }

    private func read() throws(Fault) -> (daemon: Int32, jobs: [Shown]) {
        // Another user could have written anything there, or placed links to other files.
        try Files.checkFolder(places.daemon)
        guard let daemon = try FileLock.holder(of: places.lock) else {
            throw Fault(.unavailable, "\(places.daemon): debounced is not running")
        }
        var names = try Files.names(in: places.daemon + "/jobs")
        if let job {
            guard names.contains(job) else {
                throw Fault(.usage, "no job '\(job.printable())', there are: \(names.listed)")
            }
            names = [job]
        }
        var jobs: [Shown] = []
        for name in names { jobs.append(try Shown(name, places.state(of: name))) }
        return (daemon, jobs)
    }

    /// One job, as its files say. All values but the causes are of one moment: they come from one file.
    private final class Shown {
        let name: ByteString
        let causes: [ByteString]
        /// As `NAME VALUE`.
        private let values: [ByteString]

        init(_ name: ByteString, _ folder: ByteString) throws(Fault) {
            self.name = name
            values = try Files.read(folder + "/all").lines
            causes = try Files.read(folder + "/causes").lines.filter { !$0.isEmpty }
        }

        subscript(_ name: ByteString) -> ByteString {
            let start = name + " "
            return values.first { $0.hasPrefix(start) }.map { ByteString($0.bytes[start.count...]) } ?? ""
        }

        /// How long ago the moment in a value was, in whole seconds, negative if it is to come; nil if there is none.
        private func age(_ name: ByteString) -> Int64? {
            self[name].seconds.map { (Process.now.sinceStart - $0).components.seconds }
        }

        private var activity: JobState.Activity? { JobState.Activity(rawValue: self["state"]) }

        var state: ByteString {
            switch activity {
            case .waiting, .retrying, .throttled:
                let late = age("due") ?? 0
                let text: ByteString = late > 0 ? "overdue by \(late)" : "runs in \(-late)"
                return "\(self["state"]), \(text) s"
            case .running: return "running for \(age("last_run") ?? 0) s"
            case .idle, nil: return self["state"]
            }
        }

        var lastRun: ByteString {
            guard !self["last_exit"].isEmpty, let ago = age("last_run") else { return "-" }
            return "\(ago) s ago, status \(self["last_exit"])"
        }

        /// ANSI's colour of the state.
        var colour: ByteString {
            switch activity {
            case .waiting: "33"
            case .running: "36"
            case .retrying: "31"
            case .throttled: "35"
            case .idle, nil: "32"
            }
        }
    }

    /// On a terminal, unless its user does not want colours: no-color.org.
    private static var isColoured: Bool {
        Process.isTerminal && (Process.environment("NO_COLOR") ?? "").isEmpty
    }

    private static func table(_ jobs: [Shown], _ daemon: Int32, isNarrow: Bool = false) -> [ByteString] {
        let isColoured = isColoured
        func name(_ job: Shown) -> ByteString { isNarrow ? job.name.printable(limit: 20) : job.name }
        func columns(_ row: [ByteString]) -> [ByteString] { isNarrow ? [0, 1, 3, 6].map { row[$0] } : row }
        let heads: ByteString = "JOB|STATE|REQUESTS|RUNS|SAVED|FAILED|LAST RUN|COMMAND"
        var table = Table(columns(heads.parts { $0 == UInt8(ascii: "|") }))
        for job in jobs {
            table.add(
                columns([
                    name(job), job.state, job["requests"], job["runs"], job["saved"], job["failures"], job.lastRun,
                    job["command"],
                ]))
        }
        var lines = table.lines { cell, row, column in
            isColoured && column == 1 ? "\u{1B}[\(jobs[row].colour)m\(cell)\u{1B}[0m" : cell
        }
        if RunningProcess.isStopped(daemon) {
            lines.insert("debounced is stopped, as process \(daemon): kill -CONT \(daemon)", at: 0)
        }
        for job in jobs where !job.causes.isEmpty {
            lines.append("\(name(job))'s last run: \(job.causes.joined(separator: ", ", limit: 5))")
        }
        guard isNarrow else { return lines }
        // A state, and with it the 9 bytes that colour it, stands before the end.
        return lines.map { line in
            ByteString(line.bytes[..<min(line.count, line.bytes.firstIndex(of: 0x1B) == nil ? 60 : 69)])
        }
    }

    private func json(_ jobs: [Shown], _ daemon: Int32) throws(Fault) -> ByteString {
        let objects = jobs.map { job in
            var object = JSONObject()
            object.add("job", job.name.json)
            for name in JobState.names {
                let isText = name == "state" || name == "command"
                object.add(name: name, isText ? job[name].json : job[name].isEmpty ? "null" : job[name])
            }
            object.add("causes", ByteString(jsonArray: job.causes.map { $0.json }))
            return object.json
        }
        var all = JSONObject()
        all.add("now", Process.now.json)
        all.add("process", Int(daemon))
        all.add("stopped", RunningProcess.isStopped(daemon) ? "true" : "false")
        all.add("rejected", try Files.read(places.rejected).lines.first ?? "null")
        all.add("jobs", ByteString(jsonArray: objects))
        return all.json
    }
}
