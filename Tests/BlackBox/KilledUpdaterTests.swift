import CLinux
import TestSupport
import Testing

/// An updater is killed before each of its system calls in turn. After the next event, the published aliases and the
/// pending request are right.
@Suite(.busyThread) struct KilledUpdaterTests {
    /// The event of the killed updater, and the lease file at that moment.
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        var publish = "cname"
        let action: String
        let leases: [String]
        let published: String
        let isPending: Bool
    }

    private static let cases = [
        Case(
            testDescription: "a change", action: "add", leases: ["a", "b"], published: "cname=m,m.lan,a.lan",
            isPending: true),
        Case(
            testDescription: "a change that is undone", action: "remove", leases: ["b"],
            published: "cname=m,m.lan,b.lan", isPending: false),
        Case(
            testDescription: "a change in the folder", publish: "hosts", action: "add", leases: ["a", "b"],
            published: "10.0.0.1 m.alias.invalid m.lan m\n10.0.0.2 m.alias.invalid", isPending: false),
    ]

    /// System calls that change a file. A kill before any other call has the effect of a kill before the next call of
    /// this list.
    private static let changing = [
        "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "write", "pwrite64",
        "link", "linkat", "utimensat", "ftruncate", "fchmod", "mknodat", "mknod",
    ]

    /// Returns each call of an undisturbed updater: its name, its number, and whether the mark exists.
    private func calls(in trace: String) -> [(name: String, number: Int, isMarked: Bool)] {
        var counts: [String: Int] = [:]
        var isStarted = false
        var isMarked = false
        var found: [(name: String, number: Int, isMarked: Bool)] = []
        for line in contents(trace)!.split(separator: "\n") {
            let name = String(line.prefix { $0 != "(" })
            guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else { continue }
            counts[name, default: 0] += 1
            isStarted = isStarted || line.hasPrefix("rt_sigaction(SIGHUP, {sa_handler=SIG_DFL")
            let isChange = Self.changing.contains(name) || name.hasPrefix("open") && line.contains("O_CREAT")
            if isStarted, isChange || Extent.isAll { found.append((name, counts[name]!, isMarked)) }
            isMarked = isMarked || isChange && line.contains("/reconcile/mark\"")
        }
        return found
    }

    @Test(arguments: cases) func theNextEventRepairs(what: Case) throws {
        let router = try StandIn(publish: what.publish)
        let scratch = router.daemon.scratch
        router.lease("b")
        #expect(try router.event("add", "b") == 0)
        // The restarted process has loaded the fragment on disk.
        try router.restart()
        #expect(try router.event("update", "b") == 0)
        #expect(!router.isPending && router.rests.isEmpty)
        let loaded = contents(router.fragment)
        if what.action == "remove" {
            router.lease("a", "b")
            #expect(try router.event("add", "a") == 0)
            #expect(router.isPending && contents(router.fragment) != loaded)
        }
        router.lease("b")
        if what.leases.count > 1 { router.lease("a", "b") }
        // Folders stay, since dnsmasq follows the hosts folder.
        let places = "run leases conf"
        try run([
            "sh", "-ec", "cd \(scratch.path); mkdir -p run; cp -a --parents \(places) -t $(mkdir before; echo before)",
        ])
        let reset = "cd \(scratch.path); rm -rf run leases; find conf ! -type d -delete; cd before; cp -a \(places) .."

        let trace = scratch / "trace"
        #expect(try router.event(what.action, "a", under: ["strace", "-o", trace]) == 0)
        let all = calls(in: trace)
        #expect(all.count > 20 && all.contains { $0.isMarked } && all.contains { !$0.isMarked })
        #expect(router.isPending == what.isPending && router.rests.isEmpty, "without a kill")
        let published = (what.publish == "hosts" ? (loaded ?? "") + "\n" : "") + what.published
        #expect(router.published == published, "without a kill")
        var kills = 0
        for (name, number, isMarked) in all {
            try run(["sh", "-ec", reset])
            let killed =
                ["strace", "-qqq", "-o", "/dev/null", "-e", "trace=\(name)"]
                + ["-e", "inject=\(name):signal=SIGKILL:when=\(number)"]
            let status = try router.event(what.action, "a", under: killed)
            let comment: Comment = "\(name), number \(number): status \(status), \(router.state)"
            // Other programs influence the number of calls, so a kill may not happen.
            #expect(status == 128 + SIGKILL || status == 0, comment)
            if status != 0 { kills += 1 }
            let isOther = contents(router.fragment) != loaded
            #expect(!isOther || router.isPending || router.state.contains("\nchanging"), comment)
            // An event of any host is enough if the mark existed; otherwise the event must be a target's.
            #expect(try router.event("update", isMarked ? "c" : "b") == 0, comment)
            #expect(router.published == published, comment)
            #expect(router.isPending == what.isPending, comment)
            #expect(router.rests.isEmpty && !router.state.contains("\nchanging"), comment)
        }
        #expect(kills > all.count / 2)
        print("an updater was killed \(kills) times in \(what.testDescription)")
    }
}
