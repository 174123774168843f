import Basics
import Configuration
import Linux

/// `debounced status`: what the state files of the running daemon say.
enum Status {
    static func print(_ job: ByteString?, asJSON: Bool, _ places: Places) throws(Fault) {
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
        for name in names { jobs.append(try Shown(name, places)) }
        Log.info(asJSON ? json(jobs, daemon) : table(jobs))
    }

    /// One job, as its files say.
    private struct Shown {
        let name: ByteString
        private let values: [ByteString]

        init(_ name: ByteString, _ places: Places) throws(Fault) {
            self.name = name
            var values: [ByteString] = []
            for file in JobState.names {
                values.append(try Files.read("\(places.state(of: name))/\(file)").lines.first ?? "")
            }
            self.values = values
        }

        subscript(_ file: ByteString) -> ByteString {
            values[JobState.names.firstIndex(of: file)!]
        }

        /// How far away the moment in a file is, in whole seconds; nil if there is none.
        func distance(_ file: ByteString) -> Int64? {
            guard let moment = self[file].seconds else { return nil }
            let distance = (moment - Process.now.sinceStart).components.seconds
            return distance < 0 ? -distance : distance
        }
    }

    private static func table(_ jobs: [Shown]) -> ByteString {
        var rows: [[ByteString]] = [["JOB", "STATE", "REQUESTS", "RUNS", "FAILED", "LAST RUN", "COMMAND"]]
        for job in jobs {
            let due: ByteString
            switch job["state"] {
            case "waiting": due = job.distance("due").map { ", runs in \($0) s" } ?? ""
            case "running": due = job.distance("last_run").map { " for \($0) s" } ?? ""
            default: due = ""
            }
            var last: ByteString = "-"
            if !job["last_exit"].isEmpty, let ago = job.distance("last_run") {
                last = "\(ago) s ago, status \(job["last_exit"])"
            }
            rows.append([
                job.name, job["state"] + due, job["requests"], job["runs"], job["failures"], last, job["command"],
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { $0 + 1 < row.count ? $1.padded(to: widths[$0]) : $1 }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func json(_ jobs: [Shown], _ daemon: Int32) -> ByteString {
        let objects = jobs.map { job in
            let members = JobState.names.map { name in
                let isText = name == "state" || name == "command"
                let value: ByteString = isText ? job[name].jsonString : job[name].isEmpty ? "null" : job[name]
                return "\"\(name)\":\(value)" as ByteString
            }
            return "{\"job\":\(job.name.jsonString),\(members.joined(separator: ","))}" as ByteString
        }
        return "{\"process\":\(daemon),\"jobs\":[\(objects.joined(separator: ","))]}"
    }
}

extension ByteString {
    /// As a string of RFC 8259. Commands hold no control characters but the tab; bytes beyond ASCII pass as they are.
    fileprivate var jsonString: ByteString {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\t"): text += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            default: text.append(byte)
            }
        }
        return "\"\(ByteString(text))\""
    }
}
