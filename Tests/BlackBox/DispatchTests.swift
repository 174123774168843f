import TestSupport
import Testing

/// What the daemon needs of Dispatch, of the real one and of the module that stands in for it on a router. And what both programs
/// need of Swift's library, which is another one there.
@Suite(.ownThread) struct DispatchTests {
    static let programs =
        (Built.isForRouter ? [] : ["DispatchScenarios"]) + ["RouterDispatchScenarios"]
    static let scenarios: [(String, [String])] = [
        ("order", ["0", "1", "still 1", "2", "3"]),
        ("timers", ["1: in time", "2: in time", "3: in time", "other"]),
        ("lateTimer", ["cancel handler"]),
        ("addedInHandlers", ["timer", "a byte", "second timer", "cancel handler"]),
        ("cancelledInOwnHandler", ["a byte", "a byte", "still in the handler", "cancel handler"]),
        ("cancelledInOthersHandler", ["a byte", "cancel handler", "cancel handler"]),
        ("signals", ["registered", "registered", "TERM", "still TERM", "USR1", "still USR1", "USR1"]),
        ("failedObjects", ["2 made, no memory kept"]),
    ]

    /// Not of the real one (Swift 6.3.1): after the writer's end, which it can't keep epoll(7) from telling of again, it
    /// may crash in its own event loop before the source is cancelled.
    @Test func hearsOfAHangUp() throws {
        try plays("RouterDispatchScenarios", ("hangUp", ["a byte", "a byte", "end of file", "cancel handler"]))
    }

    @Test(arguments: programs, scenarios)
    func plays(_ program: String, _ scenario: (name: String, lines: [String])) throws {
        let result = try run(["\(Built.folder)/\(program)", scenario.name])
        #expect(result.output == (scenario.lines + ["end"]).joined(separator: "\n"))
        #expect(result.status == 0)
    }
}
