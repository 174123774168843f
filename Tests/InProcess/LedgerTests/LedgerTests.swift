import Basics
import Linux
import TestSupport
import Testing

@testable import Ledger

@Suite struct LedgerTests {
    private let scratch = Scratch()
    private var ledger: RequestLedger { RequestLedger(folder: ByteString(scratch / "run")) }

    private func add(_ cause: RequestLedger.Cause, _ event: ByteString = "x") throws {
        try ledger.add(cause, to: "j", event: event)
    }

    private func file(_ name: String) -> String? { contents(scratch / "run/\(name)") }

    @Test func keepsARequestUntilItIsDone() throws {
        try add(.manual, "one")
        try add(.alias, "m: two")
        try add(.lease, "three")
        #expect(try ledger.jobs() == ["j"])
        #expect(file("pending/j/manual") == "one")
        #expect(file("pending/j/alias.m") == "m: two")
        #expect(try ledger.startRun(of: "j")?.events == ["manual one", "alias m: two", "lease three"])
        #expect(file("pending/j/manual") == nil)
        #expect(file("running/j/manual") == "one")
        #expect(try ledger.jobs() == ["j"])
        try ledger.finish("j", run: 1, status: 0)
        #expect(try ledger.jobs() == [])
        #expect(try Files.names(in: ByteString(scratch / "run/running"), hidden: true) == [])
    }

    @Test func aRequestDuringARunBelongsToTheNext() throws {
        try add(.manual, "one")
        _ = try ledger.startRun(of: "j")
        try add(.manual, "two")
        try ledger.finish("j", run: 1, status: 0)
        #expect(try ledger.startRun(of: "j")?.events == ["manual two"])
    }

    @Test func withoutACauseNothingIsTaken() throws {
        #expect(try ledger.startRun(of: "j")?.run == nil)
        try add(.alias)
        #expect(try ledger.withdraw(.alias, from: "j"))
        #expect(try !ledger.withdraw(.alias, from: "j"))
        #expect(try ledger.startRun(of: "j")?.run == nil)
        #expect(try ledger.jobs() == [])
    }

    @Test func oneCauseIsTakenBackAndAnotherStands() throws {
        try add(.alias, "a")
        try add(.manual, "m")
        try ledger.withdraw(.alias, from: "j")
        #expect(try ledger.startRun(of: "j")?.events == ["manual m"])
        #expect(try !ledger.withdraw(.manual, from: "j"))
    }

    @Test func tellsWhatIsPendingAndWhetherARunGoesOn() throws {
        func state() throws -> [Bool] { try [ledger.isPending(.alias, in: "j"), ledger.isRunning("j")] }
        #expect(try state() == [false, false])
        try add(.manual)
        #expect(try state() == [false, false])
        try add(.alias)
        #expect(try state() == [true, false])
        _ = try ledger.startRun(of: "j")
        #expect(try state() == [false, true])
        try add(.alias)
        #expect(try state() == [true, true])
        try ledger.finish("j", run: 1, status: 0)
        #expect(try state() == [true, false])
        _ = try ledger.startRun(of: "j")
        try ledger.returnRequests(of: "j")
        #expect(try state() == [true, false], "it is tried again")
        try ledger.withdraw(nil, from: "j")
        #expect(try state() == [false, false])
    }

    @Test func tellsOneRunFromAnother() throws {
        func last() throws -> Int { try ledger.runs(of: "j").begun }
        #expect(try last() == 0)
        try add(.manual)
        #expect(try last() == 0, "no run has begun")
        #expect(try ledger.startRun(of: "j")?.run == 1)
        let first = try last()
        #expect(first == 1)
        try ledger.finish("j", run: 1, status: 0)
        #expect(try last() == first)
        try add(.alias)
        try ledger.withdraw(.alias, from: "j")
        #expect(try ledger.startRun(of: "j")?.run == nil)
        #expect(try last() == first, "nothing ran")
        try add(.lease)
        // Any daemon may take the request.
        #expect(try ledger.startRun(of: "j")?.run == 2)
        #expect(try last() == 2)
        try ledger.returnRequests(of: "j")
        #expect(try ledger.startRun(of: "j")?.run == 3, "each try is a run")
        #expect(try ledger.runs(of: "other") == Runs())
        #expect(file("taken/j") == "3 1 0")
        try ledger.finish("j", run: 3, status: 4)
        #expect(try ledger.runs(of: "j") == Runs(begun: 3, ended: 3, status: 4))
    }

    @Test func goesOnWhateverStandsThere() throws {
        try add(.manual)
        try run(["mkdir", "-m", "700", scratch / "run/taken"])
        scratch.write("run/taken/j", "7 6 0\n")
        #expect(try ledger.startRun(of: "j")?.run == 8)
        for text in ["neither\n", "", "1 2\n", "1 -2 3\n"] {
            scratch.write("run/taken/j", text)
            #expect(try ledger.runs(of: "j") == Runs())
        }
    }

    @Test func aFailedRunIsPutBack() throws {
        try add(.manual, "one")
        try add(.lease, "two")
        _ = try ledger.startRun(of: "j")
        try add(.lease, "three")
        try ledger.returnRequests(of: "j")
        #expect(file("running/j/manual") == nil)
        #expect(try ledger.startRun(of: "j")?.events == ["manual one", "lease three", "lease two"])
    }

    @Test func aDaemonThatStartsTakesUpWhatWasRunning() throws {
        try add(.manual, "one")
        _ = try ledger.startRun(of: "j")
        #expect(try ledger.recover("j") == nil)
        #expect(try ledger.startRun(of: "j")?.events == ["manual one"])
        #expect(try ledger.recover("other") == nil)
    }

    /// A late shell ends before the command. It finds recovery's file, a missing folder, or the folder of the next run.
    @Test func aCommandThatHadNotBegunNeverDoes() throws {
        func runs(_ processFile: ByteString) throws -> Bool {
            let pipe = try Pipe()
            let child = try ChildProcess(
                shell: "touch \(ByteString(scratch / "ran"))", environment: [], output: pipe.writer,
                processFile: processFile)
            return child.collect() == .exited(0)
        }
        func begin() throws -> ByteString {
            try ledger.makeRoom(for: .command, of: "j", run: #require(try ledger.startRun(of: "j")).run)
        }
        try add(.manual)
        let late = try begin()
        #expect(try ledger.recover("j") == nil)
        #expect(try !runs(late))
        try ledger.returnRequests(of: "j")
        #expect(try !runs(late))
        let next = try begin()
        #expect(try !runs(late))
        #expect(contents(scratch / "ran") == nil)
        #expect(try runs(next))
    }

    @Test(arguments: RequestLedger.Step.allCases) func theProcessOfAnEarlierDaemonIsKnownAgain(step: RequestLedger.Step)
        throws
    {
        try add(.manual)
        _ = try ledger.startRun(of: "j")
        if step == .verify {
            _ = try ledger.makeRoom(for: .command, of: "j", run: 1)
            scratch.write("run/running/j/.run.1/command", "1 (x) S\n")
        }
        let pipe = try Pipe()
        let child = try ChildProcess(
            shell: "exec sleep 1000", environment: [], output: pipe.writer,
            processFile: ledger.makeRoom(for: step, of: "j", run: 1))
        let place = "running/j/.run.1/\(step.rawValue)"
        try eventually("it has begun") { file(place)?.isEmpty == false }
        let line = file(place)!
        #expect(try ledger.recover("j")?.number == child.process)
        child.signal(.kill)
        _ = child.collect()
        #expect(RunningProcess(stat: ByteString(line)) == nil)
        #expect(RunningProcess(stat: "1 (x) S") == nil)
        #expect(RunningProcess(stat: "") == nil)
    }

    @Test func namesNoMoreRequestersThanFit() throws {
        for number in 0..<100 { try add(.lease, "client \(number): event") }
        let events = try ledger.startRun(of: "j")!.events
        #expect(events.count == 33)
        #expect(events.contains("lease others: more than can be named"))
        #expect(events.contains("lease client 0: event"))
    }

    /// The file of a requester has its last event.
    @Test func namesEachRequesterOnce() throws {
        for number in 0..<500 {
            try add(.alias, "m: a to b, \(number)")
            if number == 100 { try add(.alias, "n: none to c, x") }
        }
        #expect(file("pending/j/alias.m") == "m: a to b, 499")
        #expect(file("pending/j/alias.n") == "n: none to c, x")
        try add(.manual, "request j")
        try add(.manual, "request j")
        try add(.lease, "aa:bb:cc:dd:ee:ff: add 10.0.0.1 x")
        let events = try ledger.events(of: "j")
        #expect(
            events == [
                "manual request j", "alias m: a to b, 499", "alias n: none to c, x",
                "lease aa:bb:cc:dd:ee:ff: add 10.0.0.1 x",
            ])
        #expect(
            events.map { $0.requester } == ["manual request j", "alias m", "alias n", "lease aa:bb:cc:dd:ee:ff"])
    }

    /// Each requester, under any name, has its own file in the job's folder.
    @Test func namesAreSafe() throws {
        let long = String(repeating: "x", count: 250)
        let names = ["..", "a/b", "../../x", "%2F", "\u{FF}", "a b", "", ".", long + "1", long + "2"]
        for name in names { try add(.lease, "\(ByteString(name)): event") }
        #expect(try Set(ledger.events(of: "j").map { "\($0)" }) == Set(names.map { "lease \($0): event" }))
        let files = try Files.names(in: ByteString(scratch / "run/pending/j"), hidden: true)
        #expect(files.count == names.count)
        #expect(files.allSatisfy { $0.hasPrefix("lease.") && $0.count <= 255 })
        #expect(file("pending/j/lease.a%2fb") == "a/b: event")
        #expect(try Files.names(in: ByteString(scratch / "run")) == ["pending"])
    }

    @Test func aRequestPutsOffTheQuietTime() throws {
        let longest = Duration.seconds(1_000_000)
        try add(.alias, "m: a to b")
        for event in ["m: a to b", "m: b to c"] {
            try run([
                "touch", "-d", "@\(Process.wallClock.components.seconds - 1000)", scratch / "run/pending/j/alias.m",
            ])
            #expect(try ledger.age(of: "j", longest: longest)!.last >= .seconds(1000))
            try add(.alias, ByteString(event))
            #expect(try ledger.age(of: "j", longest: longest)!.last < .seconds(900))
        }
    }

    @Test func tellsHowLongAgo() throws {
        let longest = Duration.seconds(600)
        #expect(try ledger.age(of: "j", longest: longest) == nil)
        let start = Process.now
        try add(.manual)
        try add(.lease)
        try run(["touch", "-d", "@\(Process.wallClock.components.seconds - 5)", scratch / "run/pending/j/manual"])
        let age = try ledger.age(of: "j", longest: longest)!
        // touch(1) was given whole seconds, and a file's clock is a little behind.
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

    private func awaited() throws -> AwaitedRequest { try AwaitedRequest(.manual, to: "j", event: "x", in: ledger) }

    private func begin() throws -> Int {
        let taken = try #require(try ledger.startRun(of: "j"))
        _ = try ledger.makeRoom(for: .command, of: "j", run: taken.run)
        return taken.run
    }

    @Test func hearsHowItEnded() throws {
        let request = try awaited()
        try ledger.finish("j", run: begin(), status: 3)
        #expect(try request.wait { true } == .over(run: 1, status: 3))
    }

    @Test func hearsOfARunAfterFailuresAndOtherRequests() throws {
        let request = try awaited()
        _ = try begin()
        try add(.manual)
        // The failed run's request is pending again, beside the newer request.
        try ledger.returnRequests(of: "j")
        _ = try begin()
        try ledger.returnRequests(of: "j")
        let daemon = try inBackground { try ledger.finish("j", run: begin(), status: 0) }
        #expect(try request.wait { true } == .over(run: 3, status: 0))
        try daemon()
    }

    /// A run in progress does not carry out a new request, at any point of the run.
    @Test(arguments: [true, false]) func waitsForTheRunAfterThePresentOne(hasNumber: Bool) throws {
        try add(.manual)
        if hasNumber {
            _ = try begin()
        } else {
            try Files.rename(ByteString(scratch / "run/pending"), to: ByteString(scratch / "run/running"))
        }
        let request = try awaited()
        var looks = 0
        let result = try request.wait {
            looks += 1
            do {
                switch looks {
                case 1 where !hasNumber:
                    // The remaining work of `startRun` after its rename.
                    try run(["mkdir", "-p", "-m", "700", scratch / "run/taken", scratch / "run/running/j/.run.1"])
                    scratch.write("run/taken/j", "1 0 0\n")
                case 2: try ledger.finish("j", run: 1, status: 5)
                case 3: try ledger.finish("j", run: begin(), status: 6)
                default: break
                }
            } catch {
                Issue.record(error)
            }
            return true
        }
        #expect(result == .over(run: 2, status: 6))
    }

    @Test func hearsThatItWasTakenBack() throws {
        let request = try awaited()
        try ledger.withdraw(nil, from: "j")
        #expect(try request.wait { true } == .withdrawn)
        let again = try awaited()
        _ = try begin()
        try ledger.returnRequests(of: "j")
        try ledger.withdraw(nil, from: "j")
        #expect(try again.wait { true } == .withdrawn, "a retry was to come")
    }

    /// A daemon takes requests while writers add them. Every request is in a run that started later.
    @Test func noRequestIsLostToATake() throws {
        // There is room to name all requesters.
        let ledger = RequestLedger(folder: ByteString(scratch / "run"), mostRequesters: 2000)
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
            guard let taken = try ledger.startRun(of: "j") else { continue }
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
