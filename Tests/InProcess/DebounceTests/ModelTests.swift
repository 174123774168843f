import Basics
import TestSupport
import Testing

@testable import Debounce

/// The state machine beside a plain model of its rules: both must agree after each input.
@Suite struct ModelTests {
    enum State: String, CaseIterable, Codable {
        case idle, waiting, throttled, flushed, retrying
        case retryingFlushed = "retrying, flushed"
        case command
        case commandFlushed = "command, flushed"
        case verification, terminated, killed

        var isRunning: Bool {
            switch self {
            case .command, .commandFlushed, .verification, .terminated, .killed: true
            default: false
            }
        }
    }

    enum Input: String, CaseIterable, Codable {
        case request, flush, cancel
        case tickEarly = "early"
        case tickInTime = "tick"
        case success, failure, verify
        case notReady = "unready"
        case notNeeded = "unneeded"
        case adopt
        case settings
    }

    enum Pair: String {
        case possible, trap
        case none = "-"
    }

    static func pair(_ state: State, _ input: Input) -> Pair {
        switch (input, state) {
        case (.success, _), (.failure, _), (.verify, _), (.notReady, _), (.notNeeded, _):
            state.isRunning ? .possible : .trap
        case (.adopt, .retrying), (.adopt, .retryingFlushed): .trap
        // An idle or killed state has no deadline, and a flushed state is due at once.
        case (.tickInTime, .idle), (.tickInTime, .killed): .none
        case (.tickEarly, .flushed), (.tickEarly, .retryingFlushed): .none
        default: .possible
        }
    }

    /// The state machine and the model.
    struct Both {
        var debouncer: Debouncer
        var model: PlainModel
        private(set) var state = State.idle

        init(_ job: Job) {
            debouncer = Debouncer(job)
            model = PlainModel(job)
        }

        private func state(_ phase: Debouncer.Phase) -> State {
            switch (phase, model.step) {
            case (.idle, _): .idle
            case (.waiting, _): model.isFlushed ? .flushed : .waiting
            case (.throttled, _): .throttled
            case (.retrying, _): model.isFlushed ? .retryingFlushed : .retrying
            case (.running, .verification): .verification
            case (.running, .terminated): .terminated
            case (.running, .killed): .killed
            case (.running, _): model.isFlushed ? .commandFlushed : .command
            }
        }

        /// Returns whether both agree.
        mutating func take(_ input: Input, from name: ByteString = "a", _ job: Job? = nil, at now: Int) -> Bool {
            let instant = Instant(now)
            switch input {
            case .request:
                debouncer.request(from: name, at: instant)
                model.request(from: name, at: now)
            case .flush:
                debouncer.flush()
                model.flush()
            case .cancel:
                debouncer.cancel()
                model.cancel()
            case .tickEarly, .tickInTime:
                guard debouncer.tick(at: instant) == model.tick(at: now) else { return false }
            case .success, .failure:
                let isSuccess = input == .success
                let ending = debouncer.ended(isSuccess: isSuccess, at: instant)
                guard ending == model.ended(isSuccess: isSuccess, at: now) else { return false }
            case .verify:
                debouncer.verify(at: instant)
                model.verify(at: now)
            case .notReady:
                debouncer.notReady(at: instant)
                model.notReady(at: now)
            case .notNeeded:
                debouncer.notNeeded()
                model.notNeeded()
            case .adopt:
                debouncer.adopt(at: instant)
                model.adopt(at: now)
            case .settings:
                debouncer.job = job!
                model.job = job!
            }
            let phase = model.phase
            state = state(phase)
            return debouncer.phase == phase && debouncer.wakeAt == model.wakeAt.map { Instant($0) }
                && debouncer.isWaiting == model.isWaiting && debouncer.throttled == model.throttled
                && debouncer.requesters.all.count == model.requesters.count
        }
    }

    private static let usual: [Input] = [
        .request, .request, .tickEarly, .tickInTime, .tickInTime, .success, .success, .failure,
    ]
    private static let rare = Input.allCases + [.flush, .flush, .verify]
    private static let whileThrottled: [Input] = [.flush, .flush, .flush, .cancel, .adopt, .settings]
    private static let names = (0..<45).map { ByteString("name\($0)") }

    private static func randomJob(_ random: inout SeededGenerator) -> Job {
        /// Returns round values, so that some moments coincide.
        func tenths(_ range: ClosedRange<Int>) -> Duration {
            .milliseconds(100 * Int.random(in: range, using: &random))
        }
        var job = Job(name: "job", command: "true")
        job.quiet = tenths(0...30)
        job.maxWait = Bool.random(using: &random) ? .zero : tenths(1...90)
        job.timeout = Int.random(in: 0..<4, using: &random) == 0 ? .zero : tenths(1...90)
        job.retries = Int.random(in: 0...3, using: &random)
        job.maxInterval = tenths(0...200)
        return job
    }

    @Test func agreesWithAPlainModel() {
        var reached: [State: [Input: Int]] = [:]
        var (shared, pausesOfAll, calmed) = (0, 0, 0)
        for number in 0..<20 as Range<UInt64> {
            var random = SeededGenerator(number)
            func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
            var both = Both(Self.randomJob(&random))
            var now = 1000
            var sequence: [(now: Int, input: Input, name: ByteString, job: Job?)] = []
            // In some sequences long chains of runs are undisturbed.
            let rarely = number % 2 == 0 ? 3 : 40
            var storm = 0
            for _ in 0..<(Extent.isAll ? 50_000 : 5_000) {
                var input: Input
                let isSeldom = [.commandFlushed, .retryingFlushed, .verification].contains(both.state)
                repeat {
                    input = (isSeldom || oneIn(rarely) ? Self.rare : Self.usual).randomElement(using: &random)!
                } while Self.pair(both.state, input) != .possible
                now += oneIn(50) ? 10_000 : oneIn(2) ? 100 * Int.random(in: 0...4, using: &random) : 0
                var name = Self.names[Int.random(in: 0..<4, using: &random)]
                storm = storm > 0 ? storm - 1 : oneIn(2000) ? Self.names.count : 0
                if both.state == .throttled, oneIn(4) { input = Self.whileThrottled.randomElement(using: &random)! }
                if storm > 0 { (input, name) = (.request, Self.names[storm - 1]) }
                if input == .tickInTime || input == .tickEarly {
                    let wakeAt = both.model.wakeAt
                    if let wakeAt, !oneIn(8) { now = max(now, input == .tickEarly ? wakeAt - 1 : wakeAt) }
                    input = wakeAt.map { $0 <= now } ?? false ? .tickInTime : .tickEarly
                }
                let job = input == .settings ? Self.randomJob(&random) : nil
                reached[both.state, default: [:]][input, default: 0] += 1
                let place = both.model.requesters.firstIndex { $0.name == name }
                if input == .request, let place, both.model.isCalm(place, at: now) { calmed += 1 }
                sequence.append((now, input, name, job))
                guard both.take(input, from: name, job, at: now) else {
                    let steps = sequence.suffix(40).map { "\($0)" }.joined(separator: "\n")
                    Issue.record(
                        """
                        sequence \(number) differs after
                        \(steps)
                        \(both.debouncer.phase), waits: \(both.debouncer.isWaiting), throttled: \(both.debouncer.throttled)
                        \(both.model.phase), waits: \(both.model.isWaiting), throttled: \(both.model.throttled)
                        \(both.debouncer)
                        \(both.model)
                        """)
                    return
                }
                if input == .request, both.model.requesters[both.model.waiting.last!.place].name != name { shared += 1 }
                if both.state == .throttled, both.model.pauseOfAll > now { pausesOfAll += 1 }
            }
        }
        print(Self.table(reached))
        print("shared a place: \(shared), pauses of all: \(pausesOfAll), calm again: \(calmed)")
        #expect(shared > 0 && pausesOfAll > 0 && calmed > 0)
        for state in State.allCases {
            for input in Input.allCases {
                let isReached = reached[state]?[input] != nil
                #expect(isReached == (Self.pair(state, input) == .possible), "\(state), \(input)")
            }
        }
    }

    /// The inputs that lead to a state in which nothing runs.
    private static func way(to state: State) -> [Input] {
        let run: [Input] = [.request, .tickInTime, .success]
        return switch state {
        case .waiting: [.request]
        case .throttled: run + run + run + [.request]
        case .flushed: [.request, .flush]
        case .retrying: [.request, .tickInTime, .failure]
        case .retryingFlushed: [.request, .tickInTime, .failure, .flush]
        default: []
        }
    }

    private static let traps = State.allCases.flatMap { state in
        Input.allCases.filter { pair(state, $0) == .trap }.map { (state, $0) }
    }

    @Test(arguments: traps)
    func impossiblePairsTrap(state: State, input: Input) async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [state, input] in
            var (both, now) = (Both(Job(name: "job", command: "true")), 1000)
            for input in ModelTests.way(to: state) {
                if input == .tickInTime { now = both.model.wakeAt! }
                _ = both.take(input, at: now)
            }
            if both.state == state { _ = both.take(input, at: now) }
        }
        let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(message.contains(input == .adopt ? "the last run has ended" : "nothing runs"), "\(message)")
    }

    private static func table(_ reached: [State: [Input: Int]]) -> String {
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: width - text.count) + text }
        let head = right("", 17) + Input.allCases.map { right($0.rawValue, 9) }.joined()
        let rows = State.allCases.map { state in
            right(state.rawValue, 17)
                + Input.allCases.map { input in
                    let pair = pair(state, input)
                    return right(pair == .possible ? "\(reached[state]?[input] ?? 0)" : pair.rawValue, 9)
                }.joined()
        }
        return ([head] + rows).joined(separator: "\n")
    }
}
