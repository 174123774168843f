import Basics
import Debounce
import TestSupport
import Testing

@testable import simulate

/// A job with a quiet time of 3 s and no timeout, as in the drawn tests.
private func job(_ name: ByteString = "j", _ set: (inout Job) -> Void = { _ in }) -> Job {
    var job = Job(name: name, command: "true")
    job.quiet = .seconds(3)
    job.timeout = .zero
    set(&job)
    return job
}

/// Returns the events as "SECONDS JOB EVENT" in a row, without JOB if there is only one.
private func play(_ text: ByteString, _ jobs: [Job] = [job()]) throws -> String {
    let trace = try Trace(text, file: "t", jobs: jobs)
    return Simulation(trace, jobs: jobs).events.map { event in
        let word: ByteString =
            switch event.kind {
            case .asked(let verb): verb.rawValue
            case .started: "start"
            case .terminated: "term"
            case .killed: "kill"
            case .ended(let status): "end \(status)"
            }
        let name: ByteString = jobs.count > 1 ? "\(jobs[event.job].name) " : ""
        let text: ByteString = "\(event.time) \(name)\(word)"
        return text.description
    }.joined(separator: ", ")
}

private func fault(_ text: ByteString) -> Fault? {
    do throws(Fault) {
        _ = try Trace(text, file: "t", jobs: [job(), job("k")])
        return nil
    } catch {
        return error
    }
}

@Suite struct TraceTests {
    @Test func readsItsLines() throws {
        let text: ByteString = """
            # a comment
            0 request j
              0.25\tpending  j   # another

            2 flush k
            2 cancel j
            10 exit j 143 60.125
            """
        let trace = try Trace(text, file: "t", jobs: [job(), job("k")])
        #expect(
            trace.lines == [
                .init(time: .zero, job: "j", event: .asked(.request, by: "fifo request j")),
                .init(time: .milliseconds(250), job: "j", event: .asked(.pending, by: "others")),
                .init(time: .seconds(2), job: "k", event: .asked(.flush, by: "")),
                .init(time: .seconds(2), job: "j", event: .asked(.cancel, by: "")),
                .init(time: .seconds(10), job: "j", event: .exit(status: 143, duration: .milliseconds(60_125))),
            ])
        #expect(try Trace("", file: "t", jobs: [job()]).lines.isEmpty)
    }

    @Test(arguments: [
        ("x request j", "t:1: 'x': allowed are seconds such as 10 or 0.25"),
        ("0 request j\n\n-1 request j", "t:3: '-1': allowed are seconds such as 10 or 0.25"),
        ("0.0001 request j", "t:1: '0.0001': allowed are seconds such as 10 or 0.25"),
        ("0 request x", "t:1: no job 'x', there are: j, k"),
        ("0 exit x 0 0", "t:1: no job 'x', there are: j, k"),
        ("2 request j\n1.5 request k", "t:2: 1.5 after 2: allowed are times that never go backwards"),
        ("0 exit j 256 0", "t:1: status '256': allowed is a whole number from 0 to 255"),
        ("0 exit j -1 0", "t:1: status '-1': allowed is a whole number from 0 to 255"),
        ("0 exit j 0 long", "t:1: 'long': allowed are seconds such as 10 or 0.25"),
    ])
    func refusesWhatIsNone(text: String, message: String) {
        #expect(fault(ByteString(text)) == Fault(.data, ByteString(message)))
    }

    @Test(arguments: ["0", "0 request", "0 restart j", "0 flush j now", "0 exit j", "0 exit j 0", "0 exit j 0 0 0"])
    func saysWhatLinesThereAre(text: String) {
        #expect(
            fault(ByteString(text))?.message.description
                == "t:1: '\(text)': allowed are SECONDS request|pending|flush|cancel JOB [REQUESTER] and SECONDS exit JOB STATUS DURATION"
        )
    }
}

@Suite struct SimulationTests {
    @Test func runsOnceAfterQuiet() throws {
        #expect(
            try play("0 request j\n1 pending j\n2.5 request j")
                == "0 request, 1 pending, 2.5 request, 5.5 start, 5.5 end 0")
        #expect(try play("") == "")
    }

    @Test func linesComeBeforeWhatIsDueAtTheirMoment() throws {
        #expect(try play("0 request j\n3 request j") == "0 request, 3 request, 6 start, 6 end 0")
        #expect(try play("0 request j\n3 cancel j") == "0 request, 3 cancel")
        #expect(
            try play("0 request j\n1 flush j\n1 request j") == "0 request, 1 flush, 1 request, 1 start, 1 end 0")
    }

    /// A person writes the exit line first.
    @Test func anExitLineAheadIsForTheNextRun() throws {
        #expect(
            try play("0 exit j 1 2\n0 exit j 0 4\n0 request j")
                == "0 request, 3 start, 5 end 1, 11 start, 15 end 0")
    }

    /// A recorder writes the exit line a little late.
    @Test func anExitLineAtTheEndIsForTheRunThatEnds() throws {
        #expect(
            try play("0 request j\n4 request j\n5.002 exit j 1 2\n6 request j\n15.005 exit j 0 4")
                == "0 request, 3 start, 4 request, 5 end 1, 6 request, 11 start, 15 end 0")
    }

    @Test func anExitLineIsNotForAnEarlierRun() throws {
        #expect(
            try play("0 request j\n20 exit j 7 1\n30 request j\n40 request j")
                == "0 request, 3 start, 3 end 0, 30 request, 33 start, 34 end 7, 40 request, 40 start, 40 end 0")
    }

    @Test func eachJobHasItsOwnExitLines() throws {
        #expect(
            try play("0 exit k 0 5\n0 exit j 0 1\n0 request j\n0 request k", [job(), job("k")])
                == "0 j request, 0 k request, 3 j start, 3 k start, 4 j end 0, 8 k end 0")
    }

    @Test func aRunMayBeTooLong() throws {
        let jobs = [job { $0.timeout = .seconds(10) }]
        let shorter: ByteString = "0 exit j 0 9\n0 request j"
        #expect(try play(shorter, jobs) == "0 request, 3 start, 12 end 0")
        let heeds: ByteString = "0 exit j 143 10\n0 request j\n5 cancel j"
        #expect(try play(heeds, jobs).hasPrefix("0 request, 3 start, 5 cancel, 13 term, 13 end 143, 19 start"))
        let hangs: ByteString = "0 exit j 0 99\n0 request j"
        #expect(try play(hangs, jobs).hasPrefix("0 request, 3 start, 13 term, 18 kill, 18 end 137, "))
    }

    @Test func counts() throws {
        let jobs = [job { $0.timeout = .seconds(10) }, job("k")]
        let text: ByteString = """
            0 exit j 0 99
            0 request j
            1 request j
            2 pending j
            2 flush j
            100 request j
            101 cancel j
            """
        let simulation = Simulation(try Trace(text, file: "t", jobs: jobs), jobs: jobs)
        let counts = simulation.counts.map { [$0.requests, $0.runs, $0.failures, $0.timeouts] }
        #expect(counts == [[4, 2, 1, 1], [0, 0, 0, 0]])
        #expect(simulation.counts.map { $0.saved } == [2, 0])
    }

    /// The simulation of any trace ends, and a second simulation is equal.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func endsAlways(number: UInt64) throws {
        var random = SeededGenerator(number)
        let jobs = [
            job {
                $0.timeout = .seconds(Int.random(in: 0...5, using: &random))
                $0.maxWait = .seconds(Int.random(in: 0...9, using: &random))
                $0.quiet = .milliseconds(Int.random(in: 0...2000, using: &random))
            },
            job("k") { $0.maxInterval = .zero },
        ]
        var time = 0
        var lines: [ByteString] = []
        for _ in 0..<500 {
            time += Int.random(in: 0...1500, using: &random)
            let name: ByteString = Bool.random(using: &random) ? "j" : "k"
            let start: ByteString = "\(Duration.milliseconds(time))"
            if Int.random(in: 0..<4, using: &random) == 0 {
                let duration = Duration.milliseconds(Int.random(in: 0...12_000, using: &random))
                lines.append("\(start) exit \(name) \(Int.random(in: 0...1, using: &random)) \(duration)")
                continue
            }
            let verb = Request.Verb.allCases.randomElement(using: &random)!
            let requester = Int.random(in: 0...40, using: &random)
            let asks = verb == .pending || verb == .request
            lines.append("\(start) \(verb.rawValue) \(name)" + (asks ? " alias \(requester)" : ""))
        }
        let trace = try Trace(lines.joined(separator: "\n"), file: "t", jobs: jobs)
        let simulation = Simulation(trace, jobs: jobs)
        #expect(simulation == Simulation(trace, jobs: jobs))
        for (index, counts) in simulation.counts.enumerated() {
            let events = simulation.events.filter { $0.job == index }
            #expect(events.last?.phase == .idle)
            #expect(events.filter { $0.kind == .started }.count == counts.runs)
        }
        #expect(zip(simulation.events, simulation.events.dropFirst()).allSatisfy { $0.time <= $1.time })
    }
}
