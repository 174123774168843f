import TestSupport
import Testing

/// A requester that repeats itself is throttled, and other requesters are not delayed. The routers run 50 times as
/// fast: an hour is 72 s, the quiet time 0.2 s, and the longest interval 12 s.
@Suite(.ownThread) struct LoopBreakerTests {
    private static let hour = 72.0

    /// A hook that asks for a restart in every lease event, as many do.
    @Test(.onlyInAll("It takes two of these hours. WorstLoopTests has a day of it on virtual time."))
    func theWorstHookIsThrottled() throws {
        let router = try Router(
            .old, leases: 300, quiet: "0.2", maxInterval: "12",
            hook: "( (exec cname-updater request dnsmasq)& )</dev/null >/dev/null 2>&1 &\n")
        let first = try router.program.lines(with: "dnsmasq: run", during: Self.hour)
        #expect((3...12).contains(first.count), "\(first.count) runs in the first hour")
        #expect(router.program.log.contains { $0.contains("too often: manual request dnsmasq") })
        let second = try router.program.lines(with: "dnsmasq: run", during: Self.hour)
        #expect((1...6).contains(second.count), "\(second.count) runs in the second hour")
        #expect(["throttled", "running", "waiting"].contains(router.state("state")))
    }

    /// Ten machines boot, each as soon as the restart for the last machine is over. During a run, a reconcile that
    /// still sees the old process requests a further run. The verification withdraws this request before the run ends.
    @Test func aBusyMorningIsNoLoop() throws {
        let machines = 10
        let router = try Router(
            .old, quiet: "0.2", maxInterval: "12",
            aliases: (0..<machines).map { "config cname m\($0)\n\tlist target host-\($0)\n" }.joined(),
            clients: machines)
        for (number, client) in router.clients.enumerated() {
            try client.boot("host-\(number)")
            try eventually("m\(number) leads there") {
                try router.resolve("m\(number).lan").first == "host-\(number).lan."
            }
        }
        try eventually("the last run is over") { router.state("state") == "idle" }
        #expect(router.state("runs") == "\(machines)")
        #expect(!router.program.log.contains { $0.contains("throttled") })
    }

    /// A client that flips between two names holds up its own alias, and no other.
    @Test(.onlyInAll("It takes half of such an hour. RequesterTests has three hours of it on virtual time."))
    func aClientThatFlipsHoldsUpNobodyElse() throws {
        let names = ["a", "b"]
        let router = try Router(
            .old, quiet: "0.2", maxInterval: "12", isVerified: false,
            aliases: """
                config cname flip
                	list target a
                	list target b
                config cname other
                	list target other-a
                	list target other-b

                """, clients: 2)
        let start = now()
        var flips = 0
        var calmTimes = 0
        var others = 0
        /// On a busy machine it may take so long that the client has been calm, and is no loop.
        func flip() throws {
            let start = now()
            try router.clients[0].boot(names[flips % 2])
            flips += 1
            if now() - start > 0.9 { calmTimes += 1 }
        }
        // Half an hour, or longer if booting takes long.
        while now() - start < Self.hour / 2 || flips <= 20 || others <= 1 {
            try flip()
            guard flips % 12 == 0 else { continue }
            try router.clients[1].boot("other-" + names[others % 2])
            let wanted = "other-\(names[others % 2]).lan."
            // The other requester goes on.
            try eventually("the other alias leads there") {
                try flip()
                return try router.resolve("other.lan").first == wanted
            }
            others += 1
        }
        let log = router.program.log + (try router.program.lines(with: "", during: 0))
        #expect(log.contains { $0.contains("throttled, as it was requested too often: alias flip") })
        #expect(!log.contains { $0.contains("throttled") && $0.contains("alias other") })
        let runs = Int(router.state("runs") ?? "")!
        let halfHours = max(1, (now() - start) / (Self.hour / 2))
        print(
            "loop breaker: \(flips) flips, \(calmTimes) times calm, \(others) changes of another alias, \(runs) runs in",
            "\(halfHours / 2) h")
        // A requester that has been calm is throttled at its fourth run.
        #expect(Double(runs) <= 12 * halfHours + Double(2 * others + 3 * calmTimes))
    }
}
