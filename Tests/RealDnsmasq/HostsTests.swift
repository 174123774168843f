import CLinux
import TestSupport
import Testing

/// Aliases as addresses in a folder that a real dnsmasq follows: `publish 'hosts'`.
@Suite(.ownThread) struct HostsTests {
    private static let leases = Extent.isAll ? 1000 : 200

    /// The first of two targets that have a lease, by order of the list alone.
    private static func alias(_ name: String, _ targets: [String]) -> String {
        "config cname '\(name)'\n" + targets.map { "\tlist target '\($0) s'\n" }.joined() + "\toption probe '0'\n"
    }

    /// dnsmasq's lease file, without the moments.
    private func held(_ router: Router) -> [String] {
        (contents(router.scratch / "leases") ?? "").split(separator: "\n")
            .map { $0.split(separator: " ").dropFirst().joined(separator: " ") }.sorted()
    }

    private func event(_ router: Router, _ action: String, _ number: Int) throws -> Double {
        // As Tests/openwrt/leases has them.
        let index = number - 1
        let mac = "02:00:00:00:0\(index / 256):" + (index % 256 < 16 ? "0" : "") + String(index % 256, radix: 16)
        let address = "10.77.\(index / 254 + 1).\(index % 254 + 1)"
        return try router.event(action, "4000000000 \(mac) \(address) host-\(number) *")
    }

    /// dnsmasq gives a lease the name of a hosts line, if it can. All targets keep their own, and a boot takes no
    /// restart.
    @Test func noLeaseIsRenamed() throws {
        let count = 30
        let aliases = (1...count).map { Self.alias("alias\($0)", ["host-\($0)", "host-\($0 + 100)"]) }
        let router = try Router(
            .new, leases: 200, quiet: "1", aliases: aliases.joined(), publish: "hosts")
        let before = held(router)
        func isRight() throws -> Bool {
            try router.onRouter {
                let resolver = try Resolver("10.77.0.1")
                return (1...count).allSatisfy { resolver.addresses(of: "alias\($0).lan") == ["10.77.1.\($0)"] }
            }
        }
        try eventually("all aliases lead there") { try isRight() }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        // A lease that is new to dnsmasq, and each alias anew.
        let folder = router.scratch / "dnsmasq.d/cname-updater.hosts"
        // `watch` would put them back before dnsmasq has forgotten them.
        try router.inside(["pkill", "-f", "cname-updater watch"])
        try router.inside(["sh", "-c", "rm \(folder)/*"])
        try eventually("there are none") {
            try router.onRouter { try Resolver("10.77.0.1").addresses(of: "alias1.lan") == [] }
        }
        try router.inside([Built.updater, "apply"])
        try eventually("all aliases are back") { try isRight() }
        #expect(held(router) == before)
        #expect(try router.resolve("host-1.lan") == ["10.77.1.1"])
        #expect(router.state("runs") == "0")
        #expect(try run(["stat", "-c", "%a", folder, folder + "/alias1"]).output == "755\n644")
    }

    /// An alias changes again and again, while a client asks all the time. Each answer is the old target or the new
    /// target, and never empty.
    @Test func nobodyMissesAnAnswer() throws {
        let (leases, changes) = (Self.leases, Extent.isAll ? 200 : 40)
        let router = try Router(
            .new, leases: leases, quiet: "1", aliases: Self.alias("m", ["host-1", "host-2"]), publish: "hosts")
        try eventually("all leases are replayed") { router.events.count >= leases }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        try router.onRouter { try Resolver("10.77.0.1").addresses(of: "m.lan").map { #expect($0 == ["10.77.1.1"]) } }
        let (before, events) = (held(router), router.events.count)
        let isOver = Flag()
        let asked = try inBackground { [router] in
            try router.onRouter {
                let resolver = try Resolver("10.77.0.1", within: 30)
                var (count, missing) = (0, 0)
                while !isOver.isSet {
                    count += 1
                    let answer = resolver.addresses(of: "m.lan")
                    if answer != ["10.77.1.1"], answer != ["10.77.1.2"] { missing += 1 }
                    usleep(500)
                }
                return (count, missing)
            }
        }
        var delays: [Double] = []
        for change in 0..<changes {
            let start = try event(router, change % 2 == 0 ? "remove" : "add", 1)
            let right = change % 2 == 0 ? "10.77.1.2" : "10.77.1.1"
            try router.onRouter {
                let resolver = try Resolver("10.77.0.1")
                while resolver.addresses(of: "m.lan") != [right] {
                    guard now() - start < patience else { throw Failure("m.lan does not become \(right)") }
                }
            }
            delays.append(now() - start)
        }
        isOver.set()
        let (count, missing) = try asked()
        delays.sort()
        func milliseconds(_ index: Int) -> Int { Int(delays[index] * 1000) }
        let median = Int((delays[changes / 2 - 1] + delays[changes / 2]) / 2 * 1000)
        print("hosts, sorted, in ms:", delays.map { String(Int($0 * 1000)) }.joined(separator: " "))
        print(
            "hosts, \(leases) leases, \(changes) changes: right after \(median) ms,",
            "99 in 100 after \(milliseconds(changes * 99 / 100)) ms;",
            "\(count) queries, \(missing) unanswered, \(router.events.count - events) replayed events,",
            "\(router.state("runs")!) restarts")
        #expect(count > changes && missing == 0)
        #expect(router.events.count == events && router.state("runs") == "0")
        #expect(held(router) == before)
    }

    /// As a CNAME, the same change takes the quiet time and a restart.
    @Test func aCNAMEWaitsForTheQuietTime() throws {
        let (leases, quiet) = (Self.leases, Extent.isAll ? 10 : 3)
        let router = try Router(
            .new, leases: leases, quiet: "\(quiet)", aliases: Self.alias("m", ["host-1", "host-2"]))
        try eventually("all leases are replayed") { router.events.count >= leases }
        try eventually("it leads there") { try router.resolve("m.lan").last == "10.77.1.1" }
        try eventually("all leases are replayed") { router.eventsSinceRestart.count >= leases }
        _ = try router.linesUntilQuiet(with: "nothing")
        let start = try event(router, "remove", 1)
        try eventually("it leads elsewhere") { try router.resolve("m.lan").last == "10.77.1.2" }
        print("cname, \(leases) leases, quiet \(quiet): right after \(Int((now() - start) * 1000)) ms")
        #expect(now() - start > Double(quiet))
    }

    /// Other programs restart dnsmasq, send it HUP, or remove its folders.
    @Test func outlivesWhatOthersDo() throws {
        let router = try Router(
            .new, leases: 20, quiet: "0.3", maxInterval: "0", aliases: Self.alias("m", ["host-1"]), publish: "hosts")
        func isRight() throws -> Bool { try router.resolve("m.lan") == ["10.77.1.1"] }
        try eventually("it leads there") { try isRight() }
        let before = held(router)
        try router.inside([Router.scripts + "/restart-dnsmasq"])
        // It reads these files once it is in the background.
        try eventually("it leads there after a restart") { try isRight() }
        for _ in 0..<20 { try router.inside(["sh", "-c", "kill -HUP $(cat \(router.scratch / "dnsmasq.pid"))"]) }
        try eventually("it leads there after a HUP") { try isRight() }
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        #expect(held(router) == before)
        // A folder that is made anew is not followed before a restart.
        for what in ["cname-updater.hosts", "*"] {
            // Keeps the folder's inode number in use: ext4 gives a free number to the next folder, tmpfs never does.
            let old = linux_open(router.scratch / "dnsmasq.d/cname-updater.hosts", O_RDONLY, 0)
            defer { close(old) }
            // The rename comes first: a reconcile may write into the folder, and then rm(1) would leave it.
            try router.inside([
                "sh", "-c", "cd \(router.scratch / "dnsmasq.d") && mkdir .old && mv \(what) .old && rm -r .old",
            ])
            try router.inside(["sh", "-c", "kill -HUP $(cat \(router.scratch / "dnsmasq.pid"))"])
            try router.inside([Built.updater, "apply"])
            try router.program.line(with: "dnsmasq: done")
            try eventually("it leads there again") { try isRight() }
        }
        #expect(held(router) == before)
    }

    /// There and back again: the alias is never missing, each way takes one restart, and nothing is left.
    @Test func isSwitchedOnAndOff() throws {
        let router = try Router(
            .new, leases: 20, quiet: "0.3", maxInterval: "0", aliases: Self.alias("m", ["host-1"]))
        func leads() throws -> Bool { try router.resolve("m.lan").last == "10.77.1.1" }
        try eventually("it leads there") { try leads() }
        #expect(try router.linesUntilQuiet(with: "nothing") == [])
        let folder = router.scratch / "dnsmasq.d/cname-updater.hosts"
        for publish in ["hosts", "cname"] {
            let other = publish == "hosts" ? "cname" : "hosts"
            let requests = router.state("requests")
            try router.inside(["sed", "-i", "s/publish '\(other)'/publish '\(publish)'/", router.scratch / "config"])
            try router.inside(["pkill", "-HUP", "debounced"])
            // Until the restart it leads there by what dnsmasq had before.
            try eventually("a restart is asked for") { router.state("requests") != requests }
            try eventually("it leads there") { try leads() }
            try router.program.line(with: "dnsmasq: done")
            try eventually("dnsmasq has it in the other form") {
                try leads() && router.resolve("m.lan").count == (publish == "hosts" ? 1 : 2)
            }
            #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        }
        try router.inside([Built.updater, "apply"])
        #expect(contents(router.scratch / "dnsmasq.d/cname-updater.conf") == "cname=m,m.lan,host-1.lan")
        #expect(try run(["ls", "-A", router.scratch / "dnsmasq.d"]).output == "cname-updater.conf")
        #expect(try run(["ls", folder]).status != 0)
    }

    /// odhcpd gives IPv6 addresses of which dnsmasq tells no event.
    @Test func hasTheAddressesOfOdhcpd() throws {
        let odhcpd = Scratch()
        let router = try Router(
            .new, leases: 3, quiet: "0.3", aliases: Self.alias("m", ["host-1", "host-2"]), publish: "hosts",
            more: "addn-hosts=\(odhcpd.path)\n")
        func addresses() throws -> [String]? {
            try router.onRouter { try Resolver("10.77.0.1").addresses(of: "m.lan", isIPv6: true) }
        }
        try eventually("it leads there") { try router.resolve("m.lan") == ["10.77.1.1"] }
        #expect(try addresses() == [])
        func write(_ lines: String) throws {
            odhcpd.write("draft", lines)
            try run(["mv", odhcpd / "draft", odhcpd / "odhcpd.hosts.br-lan"])
        }
        try write("fd00::5\thost-1.lan\thost-1\nfd00::6\thost-2.lan\thost-2\nfe80::x host-1\n")
        try eventually("the address is there") { try addresses() == ["fd00::5"] }
        try write("fd00::7\thost-1.lan\thost-1\nfd00::8\thost-1.lan\thost-1\n")
        try eventually("the addresses are there") { try addresses()?.sorted() == ["fd00::7", "fd00::8"] }
        try run(["rm", odhcpd / "odhcpd.hosts.br-lan"])
        try eventually("they have gone") { try addresses() == [] }
        #expect(router.state("runs") == "0")
    }

    /// An updater that is killed leaves the old file or the new one.
    @Test func aKillLeavesNoHalfFile() throws {
        let daemon = try Daemon(starts: false)
        let settings = daemon.updaterSection + "\toption publish hosts\n" + Self.alias("m", ["a", "b"])
        daemon.scratch.write("config", settings)
        func event(_ action: String, _ host: String) throws -> Program {
            let number = host == "a" ? 1 : 2
            return try Program(
                [Built.updater],
                environment: daemon.environment.merging([
                    "ACTION": action, "MACADDR": "aa:bb:cc:dd:ee:0\(number)", "IPADDR": "10.0.0.\(number)",
                    "HOSTNAME": host, "DNSMASQ_INTERFACE": "lan",
                ]) { $1 })
        }
        for host in ["a", "b"] { #expect(try event("add", host).end() == 0) }
        let file = daemon.scratch / "conf/cname-updater.hosts/m"
        func led() -> [String] {
            (contents(file) ?? "").split(separator: "\n").filter { $0.hasSuffix(" m.lan m") }
                .map { String($0.split(separator: " ")[0]) }
        }
        #expect(led() == ["10.0.0.1"])
        var random = SeededGenerator()
        var seen: Set<[String]> = []
        for round in 0..<200 {
            let updater = try event(round % 2 == 0 ? "remove" : "add", "a")
            usleep(UInt32.random(in: 0...(Built.isForRouter ? 4_000 : 12_000), using: &random))
            updater.signal(SIGKILL)
            try updater.end()
            seen.insert(led())
        }
        #expect(seen.isSubset(of: [["10.0.0.1"], ["10.0.0.2"]]), "\(seen)")
        #expect(try event("remove", "a").end() == 0)
        #expect(led() == ["10.0.0.2"])
        #expect(try event("add", "a").end() == 0)
        #expect(led() == ["10.0.0.1"])
    }
}
