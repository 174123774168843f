// Plays a trace on virtual time: what would `debounced` have done, with these settings?

import Basics
import Configuration
import Debounce
import Linux

Call.run(
    "simulate", words: Process.arguments,
    verbs: [("", "[FILE] [--json]", "plays a trace, of standard input without FILE, and draws what happens", simulate)],
    options: "--job --quiet --max-wait --timeout",
    notes: """
          --json                the same as an object of JSON
          --config FILE         the settings, instead of /etc/config/debounced
          --help                this text

        A trace has lines SECONDS request|pending|flush|cancel JOB [REQUESTER], and SECONDS exit JOB STATUS DURATION for how
        a run ends: the first, without such a line yet, that starts at SECONDS - DURATION or later.

        Exit status: 0; 64 a wrong call; 65 a faulty trace; 73 a file can't be read; 78 faulty settings.
        """)

func simulate(_ call: Call) throws(Fault) {
    var findings = Findings()
    let jobs = try call.settings(findings: &findings).jobs
    try findings.refuseFaults()
    let trace: Trace
    if let file = call.words.first, file != "-" {
        trace = try Trace(Files.read(file), file: file, jobs: jobs)
    } else {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        trace = try Trace(ByteString(text.utf8), file: "standard input", jobs: jobs)
    }
    let simulation = Simulation(trace, jobs: jobs)
    let names = jobs.map { $0.name }
    Log.info(call.wantsJSON ? simulation.json(names) : Timeline(simulation, names: names).text)
}

extension Simulation {
    fileprivate func json(_ names: [ByteString]) -> ByteString {
        let jobs = zip(names, counts).map { name, counts in
            let numbers = [counts.requests, counts.runs, counts.failures, counts.timeouts, counts.saved]
            let values = [name.json] + numbers.map { ByteString(decimal: $0) }
            return ByteString(json: "job requests runs failures timeouts saved", values)
        }
        let events = events.map { event in
            var keys: ByteString = "time job kind"
            var values = ["\(event.time)", names[event.job].json, event.kind.drawn.word.json]
            if !event.requester.isEmpty { (keys, values) = (keys + " requester", values + [event.requester.json]) }
            if case .ended(let status) = event.kind { (keys, values) = (keys + " status", values + ["\(status)"]) }
            return ByteString(json: keys, values)
        }
        return ByteString(json: "jobs events", [ByteString(jsonArray: jobs), ByteString(jsonArray: events)])
    }
}
