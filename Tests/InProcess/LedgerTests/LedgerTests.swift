import Basics
import Ledger
import Linux
import TestSupport
import Testing

@Suite struct LedgerTests {
    private let scratch = Scratch()
    private var ledger: Ledger { Ledger(folder: ByteString(scratch / "run")) }

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
        #expect(try ledger.take("j")?.events == ["manual one", "manual two", "lease three"])
        #expect(file("pending/j/manual") == nil)
        #expect(file("running/j/manual") == "one\ntwo\n= taken 1")
        #expect(try ledger.jobs() == ["j"])
        try ledger.finish("j", run: 1, status: 0)
        #expect(try ledger.jobs() == [])
        #expect(try Files.names(in: ByteString(scratch / "run/running"), hidden: true) == [])
    }

    @Test func aRequestDuringARunBelongsToTheNext() throws {
        try add(.manual, "one")
        _ = try ledger.take("j")
        try add(.manual, "two")
        try ledger.finish("j", run: 1, status: 0)
        #expect(try ledger.take("j")?.events == ["manual two"])
    }

    @Test func withoutACauseNothingIsTaken() throws {
        #expect(try ledger.take("j")?.run == nil)
        try add(.alias)
        #expect(try ledger.withdraw(.alias, from: "j"))
        #expect(try !ledger.withdraw(.alias, from: "j"))
        #expect(try ledger.take("j")?.run == nil)
        #expect(try ledger.jobs() == [])
    }

    @Test func oneCauseIsTakenBackAndAnotherStands() throws {
        try add(.alias, "a")
        try add(.manual, "m")
        try ledger.withdraw(.alias, from: "j")
        #expect(try ledger.take("j")?.events == ["manual m"])
        #expect(try !ledger.withdraw(.manual, from: "j"))
    }

    @Test func tellsHowFarACauseHasCome() throws {
        func standing() throws -> Ledger.Standing { try ledger.standing(of: .alias, in: "j") }
        #expect(try standing() == .absent)
        try add(.manual)
        #expect(try standing() == .absent)
        try add(.alias)
        #expect(try standing() == .untouched)
        _ = try ledger.take("j")
        #expect(try standing() == .taken)
        try add(.alias)
        #expect(try standing() == .taken, "a run goes on")
        try ledger.finish("j", run: 1, status: 0)
        #expect(try standing() == .untouched)
        _ = try ledger.take("j")
        try ledger.putBack("j")
        #expect(try standing() == .taken, "it is tried again")
        try ledger.withdrawAll(from: "j")
        #expect(try standing() == .absent)
        try add(.manual)
        _ = try ledger.take("j")
        #expect(try standing() == .taken, "a run goes on, even if it was asked for by hand")
    }

    @Test func tellsOneRunFromAnother() throws {
        func last() throws -> Int { try ledger.lastRun(of: "j") }
        #expect(try last() == 0)
        try add(.manual)
        #expect(try last() == 0, "no run has begun")
        #expect(try ledger.take("j")?.run == 1)
        let first = try last()
        #expect(first == 1)
        try ledger.finish("j", run: 1, status: 0)
        #expect(try last() == first)
        try add(.alias)
        try ledger.withdraw(.alias, from: "j")
        #expect(try ledger.take("j")?.run == nil)
        #expect(try last() == first, "nothing ran")
        try add(.lease)
        // It makes no difference whether the same daemon takes it or another.
        #expect(try ledger.take("j")?.run == 2)
        #expect(try last() == 2)
        try ledger.putBack("j")
        #expect(try ledger.take("j")?.run == 3, "each try is a run")
        #expect(try ledger.lastRun(of: "other") == 0)
        #expect(file("taken/j") == "3")
    }

    /// An earlier version also wrote the time, and began to count anew at each start.
    @Test func goesOnFromTheNumberOfAnEarlierVersion() throws {
        try add(.manual)
        try run(["mkdir", "-m", "700", scratch / "run/taken"])
        scratch.write("run/taken/j", "run 7 at 123.456\n")
        #expect(try ledger.lastRun(of: "j") == 7)
        #expect(try ledger.take("j")?.run == 8)
        #expect(try ledger.lastRun(of: "j") == 8)
        scratch.write("run/taken/j", "neither\n")
        #expect(try ledger.lastRun(of: "j") == 0)
    }

    @Test func aFailedRunIsPutBack() throws {
        try add(.manual, "one")
        try add(.lease, "two")
        _ = try ledger.take("j")
        try add(.lease, "three")
        try ledger.putBack("j")
        #expect(file("running/j/manual") == nil)
        #expect(try ledger.take("j")?.events == ["manual one", "lease two", "lease three"])
    }

    @Test func aDaemonThatStartsTakesUpWhatWasRunning() throws {
        try add(.manual, "one")
        _ = try ledger.take("j")
        #expect(try ledger.recover("j") == nil)
        #expect(try ledger.take("j")?.events == ["manual one"])
        #expect(try ledger.recover("other") == nil)
    }

    /// A shell that is about to become the command ends if it finds the file that recovery has made; if it is later, that the
    /// folder has gone; and if it is later still, that the next run has another.
    @Test func aCommandThatHadNotBegunNeverDoes() throws {
        func runs(_ processFile: ByteString) throws -> Bool {
            let pipe = try Pipe()
            let child = try ChildProcess(
                shell: "touch \(ByteString(scratch / "ran"))", of: "j", output: pipe.writer, processFile: processFile)
            return child.collect() == .exited(0)
        }
        func begin() throws -> ByteString { try ledger.makeRoom(for: "j", run: #require(try ledger.take("j")).run) }
        try add(.manual)
        let late = try begin()
        #expect(try ledger.recover("j") == nil)
        #expect(try !runs(late))
        try ledger.putBack("j")
        #expect(try !runs(late))
        let next = try begin()
        #expect(try !runs(late))
        #expect(contents(scratch / "ran") == nil)
        #expect(try runs(next))
    }

    @Test func theCommandOfAnEarlierDaemonIsKnownAgain() throws {
        try add(.manual)
        _ = try ledger.take("j")
        let pipe = try Pipe()
        let child = try ChildProcess(
            shell: "exec sleep 1000", of: "j", output: pipe.writer, processFile: ledger.makeRoom(for: "j", run: 1))
        try eventually("it has begun") { file("running/j/.run.1/process")?.isEmpty == false }
        let line = file("running/j/.run.1/process")!
        #expect(try ledger.recover("j")?.number == child.process)
        child.signal(.kill)
        _ = child.collect()
        #expect(RunningProcess(stat: ByteString(line)) == nil)
        #expect(RunningProcess(stat: "1 (x) S") == nil)
        #expect(RunningProcess(stat: "") == nil)
    }

    @Test func namesNoMoreEventsThanFit() throws {
        for number in 0..<1000 { try add(.lease, "event number \(number)") }
        #expect(file("pending/j/lease")!.split(separator: "\n").count == 25)
        let events = try ledger.take("j")!.events
        #expect(events.count == 25)
        #expect(events.last == "lease others: more than can be named")
    }

    /// With the last event, however often he asks.
    @Test func namesEachRequesterOnce() throws {
        for number in 0..<500 {
            try add(.alias, "m: a to b, \(number)")
            if number == 100 { try add(.alias, "n: none to c, x") }
        }
        #expect(file("pending/j/alias") == "n: none to c, x\nm: a to b, 499")
        try add(.manual, "request j")
        try add(.manual, "request j")
        try add(.lease, "aa:bb:cc:dd:ee:ff: add 10.0.0.1 x")
        let events = try ledger.events(of: "j")
        #expect(
            events == [
                "manual request j", "alias n: none to c, x", "alias m: a to b, 499",
                "lease aa:bb:cc:dd:ee:ff: add 10.0.0.1 x",
            ])
        #expect(
            events.map { $0.requester } == ["manual request j", "alias n", "alias m", "lease aa:bb:cc:dd:ee:ff"])
    }

    /// Many at once are written in one go, and who no longer fits is one of the others. The note of a run stays.
    @Test func namesManyAtOnce() throws {
        try add(.alias, "m: a to b")
        _ = try ledger.take("j")
        try ledger.putBack("j")
        try ledger.add(.alias, to: "j", events: (0..<1000).map { "a\($0): none to host-\($0)" } + ["m: b to c"])
        let lines = file("pending/j/alias")!.split(separator: "\n")
        #expect(lines.contains("= taken 1") && lines.contains("m: b to c") && lines.contains("a0: none to host-0"))
        #expect(lines.filter { $0.hasPrefix("others: ") }.count == 1)
        #expect(try ledger.standing(of: .alias, in: "j") == .taken)
    }

    @Test func tellsHowLongAgo() throws {
        let longest = Duration.seconds(600)
        #expect(try ledger.age(of: "j", longest: longest) == nil)
        let start = Process.now
        try add(.manual)
        try add(.lease)
        try run(["touch", "-d", "@\(Process.wallClock.components.seconds - 5)", scratch / "run/pending/j/manual"])
        let age = try ledger.age(of: "j", longest: longest)!
        // The first is in whole seconds, and the clock of a file is a little behind.
        let passed = Process.now - start + .seconds(1)
        #expect(age.first >= .seconds(5) && age.first <= .seconds(5) + passed)
        #expect(age.last <= passed)
    }

    /// A router boots in 1970 and learns the time later, so ages may come out impossible.
    @Test(arguments: ["@1", "2100-01-01"])
    func anAgeThatCantBeIsNone(date: String) throws {
        try add(.manual)
        try run(["touch", "-d", date, scratch / "run/pending/j/manual"])
        let age = try ledger.age(of: "j", longest: .seconds(10))!
        #expect(age.first == .zero && age.last == .zero)
    }

    @Test func hearsHowItEnded() throws {
        let receipt = try ledger.add(.manual, to: "j", event: "x")
        _ = try ledger.take("j")
        try ledger.finish("j", run: 1, status: 3)
        #expect(try receipt.wait { true } == .over(run: 1, status: 3))
    }

    @Test func hearsOfARunAfterFailuresAndOtherRequests() throws {
        let receipt = try ledger.add(.manual, to: "j", event: "x")
        _ = try ledger.take("j")
        try add(.manual)
        // Now the request of the failed run is pending beside the newer one.
        try ledger.putBack("j")
        _ = try ledger.take("j")
        try ledger.putBack("j")
        let daemon = try inBackground { [ledger] in
            _ = try ledger.take("j")
            try ledger.finish("j", run: 3, status: 0)
        }
        #expect(try receipt.wait { true } == .over(run: 3, status: 0))
        try daemon()
    }

    @Test func hearsThatItWasTakenBack() throws {
        let receipt = try ledger.add(.manual, to: "j", event: "x")
        try ledger.withdrawAll(from: "j")
        #expect(try receipt.wait { true } == .withdrawn)
    }

    /// While writers add requests, a daemon takes them. Every request is in a run that was taken after it was made.
    @Test func noRequestIsLostToATake() throws {
        // A cause has room to name all requests.
        let ledger = Ledger(folder: ByteString(scratch / "run"), mostNamed: 2000)
        let each = 300
        let writers = try (0..<4).map { writer in
            try inBackground {
                for number in 0..<each { try ledger.add(.lease, to: "j", event: "\(writer)-\(number)") }
            }
        }
        let last = try inBackground {
            for writer in writers { try writer() }
            try ledger.add(.manual, to: "j", event: "last")
        }

        var events: Set<String> = []
        while !events.contains("manual last") {
            guard let taken = try ledger.take("j") else { continue }
            for event in taken.events { events.insert("\(event)") }
            try ledger.finish("j", run: taken.run, status: 0)
        }
        try last()
        for writer in 0..<4 {
            for number in 0..<each {
                let isThere = events.contains("lease \(writer)-\(number)")
                #expect(isThere, "\(writer)-\(number)")
            }
        }
    }
}
