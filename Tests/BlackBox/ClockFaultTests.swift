import CLinux
import TestSupport
import Testing

/// The wall clock may jump by decades when a router learns the time.
@Suite(.ownThread) struct ClockFaultTests {
    /// The wall clock gives only the age of an earlier daemon's request. The wait starts again if that age is
    /// impossible.
    @Test(arguments: ["50 years ago", "50 years"]) func aJumpBetweenTwoDaemonsStartsTheWaitAgain(date: String) throws {
        let daemon = try Daemon(
            settings: "config job j\noption command 'echo ran'\noption quiet 1\noption max_wait 5\n", starts: false)
        try daemon.ask("request", "j")
        try run(["touch", "-d", date, daemon.run + "/pending/j/manual"])
        let start = now()
        try daemon.start()
        try daemon.program.line(with: "j: done")
        #expect(now() - start >= 1)
    }

    /// Everything else uses CLOCK_MONOTONIC. The trace shows timers, but no clock_gettime(2), which needs no system
    /// call.
    @Test func noTimerIsOnTheWallClock() throws {
        let daemon = try Daemon(starts: false)
        daemon.scratch.write(
            "config", "config job j\noption command 'false'\noption quiet 0.1\noption max_interval 0.2\n")
        let trace = daemon.scratch / "trace"
        let calls = "trace=timerfd_create,timerfd_settime,timer_create,setitimer,alarm,clock_nanosleep,clock_settime"
        let program = try daemon.spawn(["strace", "-f", "-qqq", "-e", calls, "-o", trace, Built.debounced])
        try program.line(with: "running as process")
        try daemon.ask("request", "j")
        try program.line(with: "given up")
        try daemon.write("no request\n")
        try program.line(with: "rejected")
        if let child = traced(by: program) { kill(child, SIGTERM) }
        #expect(try program.end() == 0)
        let lines = contents(trace)!.split(separator: "\n").filter { !$0.contains("+++") && !$0.contains("---") }
        // poll(2) keeps the time on a router.
        #expect(lines.contains { $0.contains("timerfd_create(CLOCK_MONOTONIC") } != Built.isForRouter)
        #expect(lines.filter { $0.contains("REALTIME") || $0.contains("CANCEL_ON_SET") } == [])
        let known = ["timerfd_create(CLOCK_MONOTONIC", "timerfd_settime(", "timerfd_settime res", "timerfd_create res"]
        #expect(lines.filter { line in !known.contains { line.contains($0) } } == [])
    }
}
