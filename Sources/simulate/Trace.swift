import Basics
import Debounce

/// The input of `simulate`, a line for each event:
///
/// - `SECONDS request JOB [REQUESTER]`, or `pending`, `flush`, `cancel`: a line of the FIFO
/// - `SECONDS exit JOB STATUS DURATION`: a run of the job ends with STATUS after DURATION seconds
///
/// SECONDS count from the trace's start and never go backwards. A comment goes from `#` to the line's end.
struct Trace: Equatable {
    struct Line: Equatable {
        enum Event: Equatable {
            case asked(Request.Verb, by: ByteString)
            /// As a shell shows the status in `$?`.
            case exit(status: Int32, duration: Duration)
        }

        let time: Duration
        let job: ByteString
        let event: Event
    }

    let lines: [Line]

    /// - Throws: `data` with "FILE:LINE: what is wrong, what is allowed".
    init(_ text: ByteString, file: ByteString, jobs: [Job]) throws(Fault) {
        var lines: [Line] = []
        for (index, text) in text.lines.enumerated() {
            let words = text.uncommented.words
            if words.isEmpty { continue }
            do throws(Fault) {
                let line = try Line(words)
                let names = jobs.map { $0.name }
                guard names.contains(line.job)
                else { throw Fault(.data, "no job '\(line.job.printable())', there are: \(names.listed)") }
                if let last = lines.last?.time, line.time < last {
                    throw Fault(.data, "\(line.time) after \(last): allowed are times that never go backwards")
                }
                lines.append(line)
            } catch {
                throw Fault(error.code, "\(file):\(index + 1): \(error.message)")
            }
        }
        self.lines = lines
    }
}

extension Trace.Line {
    /// - Throws: `data` with what is wrong and what is allowed.
    fileprivate init(_ words: [ByteString]) throws(Fault) {
        func seconds(_ word: ByteString) throws(Fault) -> Duration {
            if let duration = word.seconds { return duration }
            throw Fault(.data, "'\(word.printable())': allowed are seconds such as 10 or 0.25")
        }
        time = try seconds(words[0])
        if words.count == 5, words[1] == "exit" {
            guard let status = words[3].wholeNumber, status <= 255
            else { throw Fault(.data, "status '\(words[3].printable())': allowed is a whole number from 0 to 255") }
            event = .exit(status: Int32(status), duration: try seconds(words[4]))
        } else if words.count >= 3, let verb = Request.Verb(rawValue: words[1]),
            case let requester = Request(verb, job: words[2]).requester, words.count == 3 || !requester.isEmpty
        {
            event = .asked(verb, by: words.count == 3 ? requester : Array(words[3...]).joined(separator: " "))
        } else {
            let line = words.joined(separator: " ").printable()
            let allowed: ByteString = "SECONDS request|pending|flush|cancel JOB [REQUESTER]"
            throw Fault(.data, "'\(line)': allowed are \(allowed) and SECONDS exit JOB STATUS DURATION")
        }
        job = words[2]
    }
}
