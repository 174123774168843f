import TestSupport
import Testing

/// Tests the parts of Dispatch that the daemon uses, in the real Dispatch and in `RouterDispatch`. Also tests the parts
/// of Swift's library that both programs use, since the router has another library.
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

    /// The real Dispatch (Swift 6.3.1) is left out: epoll(7) keeps reporting the writer's end, and its event loop may
    /// crash before the source is cancelled.
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
