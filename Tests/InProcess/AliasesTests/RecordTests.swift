import Aliases
import Basics
import Ledger
import TestSupport
import Testing

private func record(_ served: Record.Served, isUnderWay: Bool = false) -> Record {
    var record = Record()
    record.settings = "0123456789abcdef"
    record.served = served
    return Record(text: record.text(marked: isUnderWay))!
}

/// What is done about the fragments, as one table of all cases.
@Suite struct RecordTests {
    /// One row: what dnsmasq was started with, what is on disk, what is wanted, the last run, and what became of the
    /// requests with the cause `alias`; then the step that follows.
    struct Row: CustomTestStringConvertible {
        let served: Record.Served
        var isUnderWay = false
        let onDisk: ByteString
        let wanted: ByteString
        var lastRun = 7
        let standing: Ledger.Standing
        let step: Record.Step

        var testDescription: String {
            "\(served)\(isUnderWay ? ", under way" : ""), \(onDisk) -> \(wanted), run \(lastRun), \(standing)"
        }
    }

    private static let asked = Record.Step.ask(.fragments("a", asOf: 7))
    private static let unknown = Record.Step.ask(.unknown(asOf: 7))

    static let table: [Row] = [
        // Nothing changes.
        Row(served: .onDisk, onDisk: "a", wanted: "a", standing: .absent, step: .leave),
        Row(served: .onDisk, onDisk: "a", wanted: "a", standing: .taken, step: .leave),
        Row(served: .fragments("b", asOf: 7), onDisk: "a", wanted: "a", standing: .untouched, step: .leave),
        Row(served: .unknown(asOf: 7), onDisk: "a", wanted: "a", standing: .untouched, step: .leave),
        // The first change.
        Row(served: .onDisk, onDisk: "a", wanted: "b", standing: .absent, step: asked),
        // While a run goes on, or is to be tried again, nobody knows what dnsmasq has read.
        Row(served: .onDisk, onDisk: "a", wanted: "b", standing: .taken, step: unknown),
        // Somebody else has asked because of an alias, and we don't know why.
        Row(served: .onDisk, onDisk: "a", wanted: "b", standing: .untouched, step: unknown),
        // A second change before the run: dnsmasq still has what it had before the first.
        Row(served: .fragments("a", asOf: 7), onDisk: "b", wanted: "c", standing: .untouched, step: asked),
        // The change is undone before the run.
        Row(served: .fragments("a", asOf: 7), onDisk: "b", wanted: "a", standing: .untouched, step: .withdraw),
        // The same after somebody has cancelled the job.
        Row(served: .fragments("a", asOf: 7), onDisk: "b", wanted: "a", standing: .absent, step: .withdraw),
        // A run has begun since. If it is over, dnsmasq has read what is on disk.
        Row(
            served: .fragments("a", asOf: 6), onDisk: "b", wanted: "a", standing: .absent,
            step: .ask(.fragments("b", asOf: 7))),
        Row(served: .fragments("a", asOf: 6), onDisk: "b", wanted: "a", standing: .taken, step: unknown),
        Row(served: .fragments("a", asOf: 6), onDisk: "b", wanted: "a", standing: .untouched, step: unknown),
        // What dnsmasq has is unknown until a later run is over.
        Row(served: .unknown(asOf: 7), onDisk: "b", wanted: "a", standing: .untouched, step: unknown),
        Row(served: .unknown(asOf: 7), onDisk: "b", wanted: "a", standing: .absent, step: unknown),
        Row(served: .unknown(asOf: 6), onDisk: "a", wanted: "b", standing: .absent, step: asked),
        // Somebody was killed halfway through a change, so the run is asked for in any case.
        Row(served: .onDisk, isUnderWay: true, onDisk: "a", wanted: "a", standing: .absent, step: unknown),
        Row(served: .onDisk, isUnderWay: true, onDisk: "a", wanted: "b", standing: .absent, step: unknown),
        Row(
            served: .fragments("a", asOf: 7), isUnderWay: true, onDisk: "b", wanted: "a", standing: .untouched,
            step: unknown),
    ]

    @Test(arguments: table) func takesTheStep(row: Row) {
        let record = record(row.served, isUnderWay: row.isUnderWay)
        #expect(
            record.step(onDisk: row.onDisk, wanted: row.wanted, lastRun: row.lastRun, standing: row.standing)
                == row.step)
    }

    private static let replays: [(Record.Served, Ledger.Standing, Record.Served)] = [
        (.onDisk, Ledger.Standing.absent, Record.Served.onDisk), (.onDisk, .untouched, .onDisk),
        (.fragments("a", asOf: 7), .absent, .onDisk), (.fragments("a", asOf: 7), .untouched, .unknown(asOf: 7)),
        (.fragments("a", asOf: 6), .taken, .fragments("a", asOf: 6)), (.unknown(asOf: 7), .absent, .onDisk),
        (.fragments("a", asOf: 6), .absent, .onDisk), (.unknown(asOf: 6), .taken, .unknown(asOf: 6)),
    ]

    /// A replay may come from a start of dnsmasq that we did not ask for.
    @Test(arguments: replays)
    func aReplayPutsInDoubtWhatIsServed(served: Record.Served, standing: Ledger.Standing, after: Record.Served) {
        var record = record(served)
        record.noteReplay(lastRun: 7, standing: standing)
        #expect(record.served == after)
    }

    @Test(arguments: [
        Record.Served.onDisk, .fragments("fedcba9876543210", asOf: 0),
        .fragments("fedcba9876543210", asOf: 999_999_999),
        .unknown(asOf: 12),
    ])
    func isReadAsItWasWritten(served: Record.Served) throws {
        for end in [nil, Instant(sinceStart: .zero), Instant(sinceStart: .milliseconds(99_999_999_999))] {
            var record = record(served)
            record.firstEnd = end
            #expect(Record(text: record.text(marked: false)) == record)
            #expect(Record(text: record.text(marked: true))?.isUnderWay == true)
            // Each is written over the other, so both have the same length.
            #expect(record.text(marked: true).count == Record().text(marked: false).count)
        }
    }

    /// Such as a file that was cut off or is empty.
    @Test(arguments: [
        "", "*", "0123456789abcdef\n", "*123456789abcdef\n", "settings x\nserved on-disk\n", "settings\n\n\n\n",
    ])
    func isNotReadFromAnythingElse(text: String) {
        #expect(Record(text: ByteString(text)) == nil)
    }

    @Test func isBehindIfAnythingCallsForALook() {
        var record = record(.onDisk)
        let now = Instant(sinceStart: .seconds(10))
        #expect(!record.isBehind(record.settings, at: now))
        #expect(record.isBehind("other", at: now))
        record.firstEnd = now + .seconds(1)
        #expect(!record.isBehind(record.settings, at: now))
        record.firstEnd = now
        #expect(record.isBehind(record.settings, at: now))
        #expect(Record(text: record.text(marked: true))!.isBehind(record.settings, at: now - .seconds(5)))
        #expect(Record().isBehind(record.settings, at: now))
    }
}
