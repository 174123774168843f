import Basics
import Dispatch
import Ledger
import Linux
import TestSupport
import Testing

@Suite struct LedgerTests {
    private let scratch = Scratch()
    private var ledger: Ledger { Ledger(run: ByteString(scratch / "run")) }

    private func add(_ cause: Ledger.Cause, _ event: ByteString = "x") throws {
        try ledger.add(cause, to: "j", event: event)
    }

    private func file(_ name: String) -> String? { contents(scratch / "run/\(name)") }

    @Test func keepsARequestUntilItIsDone() throws {
        try add(.manual, "one")
        try add(.manual, "two")
        try add(.lease, "three")
        #expect(try ledger.jobs() == ["j"])
        #expect(file("pending/j/manual") == "one\ntwo")
        #expect(try ledger.take("j", run: 1) == ["manual one", "manual two", "lease three"])
        #expect(file("pending/j/manual") == nil)
        #expect(file("running/j/manual") == "one\ntwo\n= taken 1")
        #expect(try ledger.jobs() == ["j"])
        try ledger.finish("j", run: 1, status: 0)
        #expect(try ledger.jobs() == [])
        #expect(try Files.names(in: ByteString(scratch / "run/running"), hidden: true) == [])
    }

    @Test func aRequestDuringARunBelongsToTheNext() throws {
        try add(.manual, "one")
        _ = try ledger.take("j", run: 1)
        try add(.manual, "two")
        try ledger.finish("j", run: 1, status: 0)
        #expect(try ledger.take("j", run: 2) == ["manual two"])
    }

    @Test func withoutACauseNothingIsTaken() throws {
        #expect(try ledger.take("j", run: 1) == nil)
        try add(.alias)
        #expect(try ledger.withdraw(.alias, from: "j"))
        #expect(try !ledger.withdraw(.alias, from: "j"))
        #expect(try ledger.take("j", run: 1) == nil)
        #expect(try ledger.jobs() == [])
    }

    @Test func oneCauseIsTakenBackAndAnotherStands() throws {
        try add(.alias, "a")
        try add(.manual, "m")
        try ledger.withdraw(.alias, from: "j")
        #expect(try ledger.take("j", run: 1) == ["manual m"])
        #expect(try !ledger.withdraw(.manual, from: "j"))
    }

    @Test func tellsHowFarACauseHasCome() throws {
        func standing() throws -> Ledger.Standing { try ledger.standing(of: .alias, in: "j") }
        #expect(try standing() == .absent)
        try add(.manual)
        #expect(try standing() == .absent)
        try add(.alias)
        #expect(try standing() == .untouched)
        _ = try ledger.take("j", run: 1)
        #expect(try standing() == .taken)
        try add(.alias)
        #expect(try standing() == .taken, "a run goes on")
        try ledger.finish("j", run: 1, status: 0)
        #expect(try standing() == .untouched)
        _ = try ledger.take("j", run: 2)
        try ledger.putBack("j")
        #expect(try standing() == .taken, "it is tried again")
        try ledger.withdrawAll(from: "j")
        #expect(try standing() == .absent)
        try add(.manual)
        _ = try ledger.take("j", run: 3)
        #expect(try standing() == .taken, "a run goes on, whatever for")
    }

    @Test func tellsOneRunFromAnother() throws {
        func last() throws -> ByteString { try ledger.lastRun(of: "j") }
        #expect(try last() == "")
        try add(.manual)
        #expect(try last() == "", "none has begun")
        _ = try ledger.take("j", run: 1)
        let first = try last()
        #expect(first != "")
        try ledger.finish("j", run: 1, status: 0)
        #expect(try last() == first)
        try add(.alias)
        try ledger.withdraw(.alias, from: "j")
        #expect(try ledger.take("j", run: 2) == nil)
        #expect(try last() == first, "nothing ran")
        try add(.lease)
        // A daemon that starts counts from one again.
        _ = try ledger.take("j", run: 1)
        #expect(try last() != first)
        #expect(try ledger.lastRun(of: "other") == "")
    }

    @Test func aFailedRunIsPutBack() throws {
        try add(.manual, "one")
        try add(.lease, "two")
        _ = try ledger.take("j", run: 1)
        try add(.lease, "three")
        try ledger.putBack("j")
        #expect(file("running/j/manual") == nil)
        #expect(try ledger.take("j", run: 2) == ["manual one", "lease two", "lease three"])
    }

    @Test func aDaemonThatStartsTakesUpWhatWasRunning() throws {
        try add(.manual, "one")
        _ = try ledger.take("j", run: 1)
        #expect(try ledger.recover("j") == nil)
        #expect(try ledger.take("j", run: 1) == ["manual one"])
        #expect(try ledger.recover("other") == nil)
    }

    /// The shell that was to become the command finds the file that recovery made, and ends.
    @Test func aCommandThatHadNotBegunNeverDoes() throws {
        try add(.manual)
        _ = try ledger.take("j", run: 1)
        let processFile = ledger.processFile(of: "j")
        let folder = ByteString(scratch / "run/running/j")
        #expect(try Files.create(processFile))
        let pipe = try Pipe()
        let child = try ChildProcess(
            shell: "touch \(ByteString(scratch / "ran"))", output: pipe.writer, processFile: processFile)
        #expect(child.collect() != .exited(0))
        try Files.removeFolder(folder)
        let other = try ChildProcess(
            shell: "touch \(ByteString(scratch / "ran"))", output: pipe.writer, processFile: processFile)
        #expect(other.collect() != .exited(0))
        #expect(contents(scratch / "ran") == nil)
    }

    @Test func theCommandOfAnEarlierDaemonIsKnownAgain() throws {
        try add(.manual)
        _ = try ledger.take("j", run: 1)
        let pipe = try Pipe()
        let child = try ChildProcess(
            shell: "exec sleep 1000", output: pipe.writer, processFile: ledger.processFile(of: "j"))
        try eventually("it has begun") { file("running/j/.process")?.isEmpty == false }
        let line = file("running/j/.process")!
        #expect(try ledger.recover("j")?.number == child.process)
        child.signal(.kill)
        _ = child.collect()
        #expect(RunningProcess(stat: ByteString(line)) == nil)
        #expect(RunningProcess(stat: "1 (x) S") == nil)
        #expect(RunningProcess(stat: "") == nil)
    }

    @Test func namesNoMoreEventsThanFit() throws {
        for number in 0..<1000 { try add(.lease, "event number \(number)") }
        #expect(file("pending/j/lease")!.utf8.count <= 1000)
        #expect(try ledger.take("j", run: 1)!.count > 40)
    }

    @Test func tellsHowLongAgo() throws {
        #expect(try ledger.age(of: "j", longest: .seconds(10)) == nil)
        try add(.manual)
        try add(.lease)
        try run(["touch", "-d", "@\(Process.wallClock.components.seconds - 5)", scratch / "run/pending/j/manual"])
        let age = try ledger.age(of: "j", longest: .seconds(10))!
        #expect(age.first >= .seconds(5) && age.first < .seconds(8))
        #expect(age.last < .seconds(3))
    }

    /// A router boots in 1970 and learns the time.
    @Test(arguments: ["@1", "2100-01-01"])
    func anAgeThatCantBeIsNone(date: String) throws {
        try add(.manual)
        try run(["touch", "-d", date, scratch / "run/pending/j/manual"])
        let age = try ledger.age(of: "j", longest: .seconds(10))!
        #expect(age.first == .zero && age.last == .zero)
    }

    @Test func hearsHowItEnded() throws {
        let receipt = try ledger.add(.manual, to: "j", event: "x")
        _ = try ledger.take("j", run: 7)
        try ledger.finish("j", run: 7, status: 3)
        #expect(try receipt.wait() == .over(run: 7, status: 3))
    }

    @Test func hearsOfARunAfterFailuresAndOtherRequests() throws {
        let receipt = try ledger.add(.manual, to: "j", event: "x")
        _ = try ledger.take("j", run: 1)
        try add(.manual)
        // Its file now stands beside the newer one.
        try ledger.putBack("j")
        _ = try ledger.take("j", run: 2)
        try ledger.putBack("j")
        let ledger = ledger
        DispatchQueue.global().async {
            _ = try? ledger.take("j", run: 3)
            try? ledger.finish("j", run: 3, status: 0)
        }
        #expect(try receipt.wait() == .over(run: 3, status: 0))
    }

    @Test func hearsThatItWasTakenBack() throws {
        let receipt = try ledger.add(.manual, to: "j", event: "x")
        try ledger.withdrawAll(from: "j")
        #expect(try receipt.wait() == .withdrawn)
    }

    /// Writers and a daemon that takes at the same time: every request is in a run that was taken after it was made.
    @Test func noRequestIsLostToATake() throws {
        // Long enough to name them all.
        let ledger = Ledger(run: ByteString(scratch / "run"), longestCause: 1 << 20)
        let each = 300
        let writers = DispatchGroup()
        for writer in 0..<4 {
            DispatchQueue(label: "writer").async(group: writers) {
                for number in 0..<each { _ = try? ledger.add(.lease, to: "j", event: "\(writer)-\(number)") }
            }
        }
        writers.notify(queue: .global()) { _ = try? ledger.add(.manual, to: "j", event: "last") }

        var events: Set<String> = []
        var run = 0
        while !events.contains("manual last") {
            run += 1
            guard let taken = try ledger.take("j", run: run) else { continue }
            for event in taken { events.insert("\(event)") }
            try ledger.finish("j", run: run, status: 0)
        }
        for writer in 0..<4 {
            for number in 0..<each {
                let isThere = events.contains("lease \(writer)-\(number)")
                #expect(isThere, "\(writer)-\(number)")
            }
        }
    }
}
