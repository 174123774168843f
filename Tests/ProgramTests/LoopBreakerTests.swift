import TestSupport
import Testing

/// A hook that asks for a restart in every lease event, as many do, on a router that runs 50 times as fast: an hour is 72 s,
/// the quiet time of 10 s is 0.2 s, and the longest interval of 600 s is 12 s.
@Suite struct LoopBreakerTests {
    @Test(.ownThread) func theWorstHookIsSlowedDown() throws {
        let router = try Router(
            .old, leases: 300, quiet: "0.2", maxInterval: "12",
            hook: "( (exec cname-updater request dnsmasq)& )</dev/null >/dev/null 2>&1 &\n")
        let hour = 72.0
        let first = try router.program.lines(with: "dnsmasq: run", during: hour)
        #expect((3...12).contains(first.count), "\(first.count) runs in the first hour")
        #expect(router.program.log.contains { $0.contains("each run leads to the next; slowed down") })
        let second = try router.program.lines(with: "dnsmasq: run", during: hour)
        #expect((1...6).contains(second.count), "\(second.count) runs in the second hour")
        #expect(["slowed", "running", "waiting"].contains(router.state("state")))
    }
}
