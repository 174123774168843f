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
            Log.info(Status.json(jobs, daemon))
        } else {
            Log.info(Status.table(jobs, isColoured: Status.isColoured))
        }
    }

    /// Keeps the table on the screen until the program is ended, or the daemon.
    func watch() throws(Fault) {
        while true {
            let (_, jobs) = try read()
            // Home, each line cleared to its end, and all below the last.
            let lines = Status.table(jobs, isColoured: Status.isColoured).lines.joined(separator: "\u{1B}[K\n")
            Log.info("\u{1B}[H\(lines)\u{1B}[K\n\u{1B}[J")
            // Each second for what counts down, and at once when something happens.
            let watch = try FileWatch(changesIn: jobs.map { places.state(of: $0.name) })
            watch.wait(upTo: .seconds(1))
        }
    }

    private func read() throws(Fault) -> (daemon: Int32, jobs: [Shown]) {
        // What stands in somebody else's would be his word, or a way to read other files.
        try Files.checkFolder(places.daemon)
        guard let daemon = try FileLock.holder(of: places.daemon + "/lock") else {
            throw Fault(.unavailable, "\(places.daemon): debounced is not running")
        }
        var names = try Files.names(in: places.daemon + "/jobs")
        if let job {
            guard names.contains(job) else {
                let known = names.joined(separator: ", ")
                throw Fault(.usage, "no job '\(job.printable())', there are: \(known)")
            }
            names = [job]
        }
        var jobs: [Shown] = []
        for name in names { jobs.append(try Shown(name, places.state(of: name))) }
        return (daemon, jobs)
    }

    /// One job, as its files say. All values but the causes are of one moment: they come from one file.
    private struct Shown {
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

        /// Requests that led to no run of their own.
        var saved: Int {
            max(0, (self["requests"].wholeNumber ?? 0) - (self["runs"].wholeNumber ?? 0))
        }

        /// How far away the moment in a value is, in whole seconds; nil if there is none.
        func distance(_ name: ByteString) -> Int64? {
            guard let moment = self[name].seconds else { return nil }
            let distance = (moment - Process.now.sinceStart).components.seconds
            return distance < 0 ? -distance : distance
        }

        var state: ByteString {
            switch self["state"] {
            case "waiting", "retrying", "slowed": "\(self["state"]), runs in \(distance("due") ?? 0) s"
            case "running": "running for \(distance("last_run") ?? 0) s"
            default: self["state"]
            }
        }

        var lastRun: ByteString {
            guard !self["last_exit"].isEmpty, let ago = distance("last_run") else { return "-" }
            return "\(ago) s ago, status \(self["last_exit"])"
        }

        /// ANSI's colour of the state.
        var colour: ByteString {
            switch self["state"] {
            case "waiting": "33"
            case "running": "36"
            case "retrying": "31"
            case "slowed": "35"
            default: "32"
            }
        }
    }

    /// On a terminal, unless its user wants none: no-color.org.
    private static var isColoured: Bool {
        Process.isTerminal && (Process.environment("NO_COLOR") ?? "").isEmpty
    }

    private static func table(_ jobs: [Shown], isColoured: Bool) -> ByteString {
        var table = Table(["JOB", "STATE", "REQUESTS", "RUNS", "SAVED", "FAILED", "LAST RUN", "COMMAND"])
        for job in jobs {
            table.add([
                job.name, job.state, job["requests"], job["runs"], "\(job.saved)", job["failures"], job.lastRun,
                job["command"],
            ])
        }
        var lines = table.lines { cell, row, column in
            isColoured && column == 1 ? "\u{1B}[\(jobs[row].colour)m\(cell)\u{1B}[0m" : cell
        }
        for job in jobs where !job.causes.isEmpty {
            var causes = job.causes
            if causes.count > 5 {
                causes.removeLast(causes.count - 5)
                causes.append("and \(job.causes.count - 5) more")
            }
            lines.append("\(job.name)'s last run: \(causes.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n")
    }

    private static func json(_ jobs: [Shown], _ daemon: Int32) -> ByteString {
        let objects = jobs.map { job in
            let members = JobState.names.map { name in
                let isText = name == "state" || name == "command"
                let value: ByteString = isText ? job[name].json : job[name].isEmpty ? "null" : job[name]
                return "\"\(name)\":\(value)" as ByteString
            }
            let causes = job.causes.map { $0.json }.joined(separator: ",")
            return """
                {"job":\(job.name.json),\(members.joined(separator: ",")),"saved":\(job.saved),"causes":[\(causes)]}
                """ as ByteString
        }
        return "{\"process\":\(daemon),\"jobs\":[\(objects.joined(separator: ","))]}"
    }
}
