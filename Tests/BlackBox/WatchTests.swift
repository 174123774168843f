import CLinux
import TestSupport
import Testing

/// `cname-updater watch`, beside a process that counts as dnsmasq.
@Suite(.ownThread) struct WatchTests {
    /// Returns a router with the alias on `b`, as dnsmasq has loaded, and a running `watch`.
    private func start() throws -> (router: StandIn, watch: Program) {
        let router = try StandIn()
        router.lease("b")
        #expect(try router.event("add", "b") == 0)
        try router.restart()
        let watch = try router.daemon.spawn(router.inside + [Built.updater, "watch"])
        try watch.line(with: "watching, as process")
        // `watch` finds that dnsmasq has loaded the alias, and withdraws the request.
        try eventually("watch has looked") { !router.isPending }
        return (router, watch)
    }

    @Test func makesUpForLostEvents() throws {
        let (router, watch) = try start()
        router.lease("a", "b")
        try eventually("the alias leads to a") { router.published == "cname=m,m.lan,a.lan" && router.isPending }
        router.lease("b")
        try eventually("it is undone") { router.published == "cname=m,m.lan,b.lan" && !router.isPending }
        router.lease()
        try eventually("it leads nowhere") { router.published == "" && router.isPending }
        // A process that starts during a change may have read either fragment, so its restart would stay requested.
        try eventually("the change is over") { router.state.contains("settled") }
        // Another program restarts dnsmasq.
        try router.restart()
        try eventually("nothing is to be done") { !router.isPending }
        watch.signal(SIGTERM)
        #expect(try watch.end() == 128 + SIGTERM)
    }

    /// `watch` makes no system call while nothing changes and no candidates compete. It wakes up at a change.
    @Test func sleepsWithoutCandidates() throws {
        let (router, watch) = try start()
        let trace = router.daemon.scratch / "trace"
        let strace = try router.daemon.spawn(["strace", "-f", "-o", trace, "-p", "\(watch.process)"])
        try strace.line(with: "attached")
        // `watch` first checks that the process of dnsmasq stays.
        var before = ""
        try eventually("it makes no call for 10 s") {
            before = contents(trace) ?? ""
            poll(nil, 0, 10_000)
            return contents(trace) == before
        }
        router.lease("a")
        try eventually("it wakes up") { router.published == "cname=m,m.lan,a.lan" }
        #expect(contents(trace) != before, "it was traced")
    }
}
