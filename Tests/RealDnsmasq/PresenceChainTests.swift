import CLinux
import TestSupport
import Testing

/// Finds the target that is reachable, through the whole chain: a real dnsmasq, real clients and `cname-updater watch`.
/// As CNAMEs, which take a restart, and as addresses in a folder that dnsmasq follows.
@Suite(.ownThread) struct PresenceChainTests {
    enum Publish: String, CaseIterable, Sendable {
        case cname, hosts
    }

    /// A laptop, wired and wireless, and whatever else it boots.
    private final class Maxwell {
        let router: Router
        let publish: Publish
        var wired: Client { router.clients[0] }
        var wireless: Client { router.clients[1] }

        init(
            _ publish: Publish, quiet: String = "0.3", known: String = "", dnsmasq: String = ""
        ) throws {
            self.publish = publish
            router = try Router(
                .new, quiet: quiet, maxInterval: "0",
                aliases: """
                    config cname 'maxwell'
                        list target 'maxwell-arch'
                        list target 'maxwell-arch-wifi'
                        list target 'maxwell-bigsur'

                    """, publish: publish.rawValue, more: dnsmasq, clients: 2, known: known)
            try eventually("dnsmasq answers") { try router.resolve("other.lan") == [] }
        }

        /// Whether dnsmasq says that the alias leads there.
        func leads(to host: String?) throws -> Bool {
            let answer = try router.resolve("maxwell.lan")
            guard let host else { return answer == [] }
            let addresses = try router.resolve("\(host).lan")
            switch publish {
            case .cname: return !addresses.isEmpty && answer == ["\(host).lan."] + addresses
            case .hosts: return !addresses.isEmpty && answer == addresses
            }
        }

        /// Waits until it does, and returns how long that took.
        @discardableResult
        func becomes(_ host: String?) throws -> Double {
            let start = now()
            try eventually("maxwell is \(host ?? "nobody"): \(state())") { try leads(to: host) }
            return now() - start
        }

        private func state() throws -> String {
            let shown = try ["aliases", "presence", "leases"].map { try router.inside(["cname-updater", $0]) }
            let files = try router.inside([
                "sh", "-c",
                "cd \(router.scratch.path); grep -r '' dnsmasq.d updater/since updater/reconcile; tail -n 5 dnsmasq.log",
            ])
            _ = try router.program.lines(with: "", during: 1)
            return (shown + [files, router.program.log.joined(separator: "\n")]).joined(separator: "\n\n")
        }

        /// The alias and dnsmasq stay untouched for this time.
        func stays(_ host: String?, for seconds: Double) throws {
            let runs = router.state("runs")
            let end = now() + seconds
            while now() < end {
                guard try leads(to: host) else {
                    throw Failure("maxwell does not stay \(host ?? "nobody")")
                }
                poll(nil, 0, 10)
            }
            #expect(router.state("runs") == runs)
        }

        var runs: String? { router.state("runs") }

        /// Both interfaces are up.
        func boot() throws {
            try wired.boot("maxwell-arch")
            try wireless.boot("maxwell-arch-wifi")
            try becomes("maxwell-arch")
            try router.program.lines(withEach: ["maxwell-arch-wifi: is reachable"])
        }

        /// As behind a switch: the link stays up, but the machine does not answer.
        func hide(_ client: Client) throws { try client.inside(["ip", "link", "set", "eth0", "arp", "off"]) }
        func show(_ client: Client) throws { try client.inside(["ip", "link", "set", "eth0", "arp", "on"]) }
    }

    /// How long it took is for Tests/Benchmarks/at-once: beside other tests, it may take longer.
    private func show(_ what: String, _ publish: Publish, _ seconds: Double) {
        print("\(publish.rawValue), \(what): \((seconds * 100).rounded() / 100) s")
    }

    @Test(.onlyInAll("An unreachable host is probed every 30 s."), arguments: Publish.allCases)
    func followsADockingStation(publish: Publish) throws {
        let maxwell = try Maxwell(publish, quiet: "2")
        let (wired, wireless) = (maxwell.wired, maxwell.wireless)
        try wired.boot("maxwell-arch")
        try maxwell.becomes("maxwell-arch")
        // Undocked without a release. The wireless interface comes up.
        try wired.inside(["ip", "link", "set", "eth0", "down"])
        try wireless.boot("maxwell-arch-wifi")
        let undocked = try maxwell.becomes("maxwell-arch-wifi")
        show("undocked without a release", publish, undocked)
        // Docked again, with no event. An unreachable host is probed every 30 s.
        try maxwell.router.program.lines(withEach: ["maxwell-arch: is unreachable"])
        try wired.inside(["ip", "link", "set", "eth0", "up"])
        let docked = try maxwell.becomes("maxwell-arch")
        show("docked again without an event", publish, docked)
        #expect(try maxwell.router.inside(["cname-updater", "aliases"]).contains("first in the list"))
        if publish == .hosts { #expect(maxwell.runs == "0") }
    }

    /// Only packets stop: behind a switch, or asleep.
    @Test(
        .onlyInAll("A host counts as unreachable after ten seconds, and the alias has to stay for longer."),
        arguments: Publish.allCases)
    func followsSilence(publish: Publish) throws {
        let maxwell = try Maxwell(publish)
        try maxwell.boot()
        try maxwell.stays("maxwell-arch", for: 6)
        try maxwell.hide(maxwell.wired)
        let silent = try maxwell.becomes("maxwell-arch-wifi")
        show("silent behind a switch", publish, silent)
        let shown = try maxwell.router.inside(["cname-updater", "presence"])
        #expect(shown.contains("maxwell-arch       unreachable"), "\(shown)")
        #expect(try maxwell.router.inside(["cname-updater", "aliases"]).contains("no other target is reachable"))
        // All sleep: nothing changes, and nothing restarts.
        try maxwell.hide(maxwell.wireless)
        try maxwell.stays("maxwell-arch-wifi", for: 12)
        try maxwell.show(maxwell.wireless)
        try maxwell.stays("maxwell-arch-wifi", for: 2)
        if publish == .hosts { #expect(maxwell.runs == "0") }
    }

    /// Another system comes up on the interface, with the old identifier or a new one, and then on another interface.
    /// The alias leads to each at once.
    @Test(arguments: Extent.cases(Publish.hosts, .cname))
    func followsDualBoot(publish: Publish) throws {
        let maxwell = try Maxwell(publish)
        let (wired, wireless) = (maxwell.wired, maxwell.wireless)
        func names(_ host: String, _ client: Client) throws {
            try eventually("\(host) has its name") { try maxwell.router.resolve("\(host).lan") == [client.address] }
        }
        for _ in 0..<2 {
            for host in ["maxwell-arch", "maxwell-bigsur"] {
                try wired.boot(host)
                try maxwell.becomes(host)
                try names(host, wired)
            }
        }
        // With an identifier of its own it gets an address of its own.
        try wired.boot("maxwell-arch", identifier: "ff00000001")
        try maxwell.becomes("maxwell-arch")
        try names("maxwell-arch", wired)
        // On another interface, while the lease of the first runs on.
        try wired.pull()
        try wired.inside(["ip", "link", "set", "eth0", "down"])
        try wireless.boot("maxwell-bigsur")
        try maxwell.becomes("maxwell-bigsur")
        try wireless.pull()
        try wireless.inside(["ip", "link", "set", "eth0", "down"])
        try wired.inside(["ip", "link", "set", "eth0", "up"])
        try wired.boot("maxwell-arch")
        try maxwell.becomes("maxwell-arch")
        if publish == .hosts { #expect(maxwell.runs == "0") }
    }

    /// A boot with the lease file kept, or a first installation: no event tells of anything, and one of the two is off.
    @Test(arguments: Extent.cases(Publish.cname, .hosts), [true, false])
    func findsOutWhoIsThereAtFirst(publish: Publish, isWired: Bool) throws {
        let end = Int(time(nil)) + 43200
        let known = """
            \(end) 02:77:00:00:00:00 10.77.0.9 maxwell-arch *
            \(end + 9) 02:77:00:00:00:01 10.78.0.9 maxwell-bigsur *

            """
        let maxwell = try Maxwell(publish, known: known)
        let (client, address) = isWired ? (maxwell.wired, "10.77.0.9/16") : (maxwell.wireless, "10.78.0.9/16")
        try client.inside(["ip", "addr", "add", address, "dev", "eth0"])
        let start = now()
        try eventually("one is unreachable") {
            try maxwell.router.inside(["cname-updater", "aliases"]).contains("no other target is reachable")
        }
        try maxwell.becomes(isWired ? "maxwell-arch" : "maxwell-bigsur")
        show("after a first installation", publish, now() - start)
        if publish == .hosts { #expect(maxwell.runs == "0") }
    }

    /// dnsmasq itself gives the alias addresses of both kinds. A target may have only an IPv6 address.
    @Test(arguments: Extent.cases(Publish.hosts, .cname))
    func followsDHCPv6(publish: Publish) throws {
        let ranges = (77...78).map { "dhcp-range=fd\($0)::100,fd\($0)::1ff,64,1h\n" }.joined()
        let maxwell = try Maxwell(publish, dnsmasq: ranges)
        let (wired, wireless) = (maxwell.wired, maxwell.wireless)
        func addresses(_ name: String) throws -> [String] {
            try maxwell.router.onRouter { try Resolver("10.77.0.1").addresses(of: name, isIPv6: true) ?? ["no answer"] }
        }
        func becomes(_ host: String) throws {
            try eventually("it has the IPv6 address of \(host)") {
                let its = try addresses("\(host).lan")
                return try its.count == 1 && addresses("maxwell.lan") == its
            }
        }
        try wired.boot("maxwell-arch")
        try maxwell.becomes("maxwell-arch")
        try wired.bootIPv6("maxwell-arch")
        try becomes("maxwell-arch")
        #expect(try maxwell.leads(to: "maxwell-arch"))
        try wired.releaseIPv6()
        try eventually("it has none") { try addresses("maxwell.lan") == [] }
        #expect(try maxwell.leads(to: "maxwell-arch"))
        try wired.release()
        try wired.bootIPv6("maxwell-arch")
        try becomes("maxwell-arch")
        // Candidates are probed by IPv6 too.
        try wireless.bootIPv6("maxwell-bigsur")
        try maxwell.router.program.lines(withEach: ["maxwell-bigsur: is reachable"])
        // Before that, the alias followed the newest lease. The restart for that lease may still be due, and the next
        // one too.
        try eventually("both answer") {
            try maxwell.router.inside(["cname-updater", "aliases"]).contains("first reachable target")
        }
        _ = try maxwell.router.linesUntilQuiet(with: "dnsmasq: run")
        try becomes("maxwell-arch")
        try wired.inside(["ip", "link", "set", "eth0", "down"])
        try becomes("maxwell-bigsur")
        #expect(try maxwell.router.inside(["cname-updater", "aliases"]).contains("no other target is reachable"))
        if publish == .hosts { #expect(maxwell.runs == "0") }
    }

    /// A boot of the router with no lease file: the alias comes with the client's next event.
    @Test(arguments: Extent.cases(Publish.cname, .hosts))
    func outlivesABootWithoutLeases(publish: Publish) throws {
        let maxwell = try Maxwell(publish)
        let router = maxwell.router
        try maxwell.wired.boot("maxwell-arch")
        try maxwell.becomes("maxwell-arch")
        // No event comes late, and brings back what the boot takes away.
        _ = try router.linesUntilQuiet(with: "dnsmasq: run")
        try router.inside(["pkill", "-f", "cname-updater watch"])
        let hosts = publish == .hosts ? "\(Built.updater) prepare \(router.scratch / "dnsmasq.d")" : "true"
        try router.inside([
            "sh", "-c",
            """
            kill $(cat \(router.scratch / "dnsmasq.pid")); while pidof dnsmasq; do sleep 0.01; done
            rm -rf \(router.scratch / "updater")/* \(router.scratch / "dnsmasq.d")/*; : >\(router.scratch / "leases")
            \(hosts); \(Built.updater) apply; \(Router.scripts)/restart-dnsmasq
            """,
        ])
        try router.startWatch()
        try eventually("it leads nowhere") { try router.resolve("maxwell.lan") == [] }
        _ = try router.linesUntilQuiet(with: "dnsmasq: run")
        let runs = maxwell.runs
        try maxwell.wired.renew()
        try maxwell.becomes("maxwell-arch")
        if publish == .hosts { #expect(maxwell.runs == runs) }
    }

    /// A changed MAC address: two clients want one name, and dnsmasq gives it to the last.
    @Test func aNameBelongsToWhomDnsmasqGivesIt() throws {
        let maxwell = try Maxwell(.hosts)
        try maxwell.wired.boot("maxwell-arch")
        try maxwell.becomes("maxwell-arch")
        try maxwell.wired.pull()
        try maxwell.wireless.boot("maxwell-arch")
        try eventually("the alias has the new address alone") {
            try maxwell.router.resolve("maxwell.lan") == [maxwell.wireless.address]
        }
    }

    /// As long as no candidates compete, `watch` sleeps, whatever else goes on in the LAN.
    @Test func sleepsWithoutCandidates() throws {
        let maxwell = try Maxwell(.cname)
        try maxwell.wired.boot("maxwell-arch")
        try maxwell.wireless.boot("other")
        try maxwell.becomes("maxwell-arch")
        #expect(try maxwell.router.linesUntilQuiet(with: "dnsmasq: run").count <= 1)
        let trace = maxwell.router.scratch / "trace"
        let process = try maxwell.router.inside(["pgrep", "-x", "cname-updater"])
        // The last change may still be read 1 s later.
        let lock = maxwell.router.scratch / "updater/reconcile.lock"
        try eventually("watch rests") {
            let taken = try run(["stat", "-c", "%y", lock]).output
            poll(nil, 0, 2_500)
            return try run(["stat", "-c", "%y", lock]).output == taken
        }
        try maxwell.router.inside(["timeout", "10", "strace", "-f", "-o", trace, "-p", process])
        // It begins and ends with the call in which it sleeps, and strace leaves it.
        let lines = (contents(trace) ?? "").split(separator: "\n")
        #expect(lines.count > 0, "it was traced")
        let calls = lines.filter {
            !$0.contains("poll") && !$0.contains("restart_syscall") && !$0.contains("detached")
        }
        #expect(calls == [])
    }
}
