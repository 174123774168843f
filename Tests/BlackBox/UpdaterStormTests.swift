import CLinux
import TestSupport
import Testing

/// 200 updaters, 40 at a time. 50 of them are killed at random moments.
@Suite(.serialized, .busyThread) struct UpdaterStormTests {
    fileprivate struct Case: CustomTestStringConvertible {
        let isOneClient: Bool
        let hasAliases: Bool
        var testDescription: String { "\(isOneClient ? "one client" : "200"), \(hasAliases ? "with" : "no") aliases" }
    }

    fileprivate static let cases = [true, false].flatMap { one in
        [true, false].map { Case(isOneClient: one, hasAliases: $0) }
    }
    /// Preferred first.
    private static let targets = ["h1", "h2", "h3"]

    fileprivate func mac(_ number: Int, _ storm: Case) -> String {
        let last = storm.isOneClient ? "00" : String(number + 256, radix: 16).suffix(2)
        return "aa:bb:cc:dd:ee:\(last)"
    }

    private struct Held {
        let mac: String
        let address: String
        let name: String
        let seen: Double
    }

    /// Returns all leases; a lease without a value is an issue.
    private func leases(_ folder: String) throws -> [Held] {
        try run(["ls", folder]).output.split(separator: "\n").flatMap { client in
            let file = "\(folder)/\(client)"
            let (addresses, names) = (recorded("address", in: file), recorded("hostname", in: file))
            let seen = recorded("seen", in: file)
            #expect(addresses.count == names.count && names.count == seen.count, "\(client)")
            return zip(zip(addresses, names), seen).map { pair, seen in
                Held(mac: String(client), address: pair.0, name: pair.1, seen: Double(seen) ?? -1)
            }
        }
    }

    @Test(arguments: cases)
    fileprivate func holdsWhatTheSurvivorsWrote(storm: Case) throws {
        var random = SeededGenerator()
        let seed = SeededGenerator.seed
        let daemon = try Daemon(starts: false)
        let aliases =
            storm.hasAliases ? "config cname m\n" + Self.targets.map { " list target '\($0) s'\n" }.joined() : ""
        let conf = daemon.scratch / "conf"
        daemon.scratch.write(
            "config",
            """
            \(daemon.updaterSection)
                option request \(storm.hasAliases ? "alias" : "lease")
            \(aliases)
            """)
        func start(_ action: String, _ mac: String, _ address: String, _ name: String) throws -> Program {
            try Program(
                [Built.updater],
                environment: daemon.environment.merging([
                    "ACTION": action, "MACADDR": mac, "IPADDR": address, "HOSTNAME": name, "DNSMASQ_INTERFACE": "lan",
                ]) { $1 })
        }

        // The first event makes the record. If its updater were killed, a restart would be requested.
        #expect(try start("add", "aa:bb:cc:dd:ff:fe", "10.0.3.1", "first").end() == 0)
        let victims = Set((0..<200).shuffled(using: &random).prefix(50))
        var survivors: Set<Int> = []
        // 200 at once need the lock for more than 10 s on a busy machine. An updater waits for it no longer than that.
        for first in stride(from: 0, to: 200, by: 40) {
            var updaters: [(number: Int, program: Program)] = []
            for number in first..<first + 40 {
                let updater = try start("add", mac(number, storm), "10.0.1.\(number)", "h\(number % 20)")
                updaters.append((number, updater))
                guard victims.contains(number) else { continue }
                // A router's program may be done within a millisecond, so some are killed at once.
                if Bool.random(using: &random) { usleep(UInt32.random(in: 0...12_000, using: &random)) }
                updater.signal(SIGKILL)
            }
            for (number, updater) in updaters {
                let status = try updater.end()
                if status == 0 { survivors.insert(number) }
                #expect(status == 0 || status == 128 + SIGKILL, "\(updater.log)")
            }
        }
        #expect(survivors.count >= 150 && survivors.count < 200)

        // Any further event completes interrupted work.
        let last = try start("add", "aa:bb:cc:dd:ff:ff", "10.0.2.1", "last")
        #expect(try last.end() == 0)
        let folder = daemon.scratch / "leases/leases"
        let all = try leases(folder)
        let held = all.filter { $0.name != "last" && $0.name != "first" }
        #expect(all.count == held.count + 2)
        let numbers = held.compactMap { Int($0.address.split(separator: ".").last ?? "") }
        #expect(Set(numbers).count == held.count, "none twice")
        #expect(Set(numbers).isSuperset(of: survivors), "seed \(seed)")
        for (number, lease) in zip(numbers, held) {
            #expect(lease.name == "h\(number % 20)" && lease.mac == mac(number, storm), "seed \(seed)")
        }

        func cname() -> String {
            let there = all.filter { one in
                !all.contains { $0.mac == one.mac && $0.name != one.name && $0.seen > one.seen && isTarget($0) }
            }
            let target = Self.targets.first { target in there.contains { $0.name == target } }
            return target.map { "cname=m,m.lan,\($0).lan" } ?? ""
        }
        func isTarget(_ lease: Held) -> Bool { Self.targets.contains(lease.name) }
        func isPending(_ cause: String) -> Bool { !pendingRequests(for: "dnsmasq", cause, in: daemon.run).isEmpty }
        if storm.hasAliases {
            #expect(contents(conf + "/cname-updater.conf") == cname(), "seed \(seed)")
            #expect(isPending("alias") && !isPending("lease"))
            // The next change removes the drafts of killed updaters.
            for target in all.filter(isTarget) {
                #expect(try start("remove", target.mac, target.address, target.name).end() == 0)
            }
            #expect(contents(conf + "/cname-updater.conf") == "")
            let states = try run(["sh", "-c", "cat \(daemon.scratch / "leases/reconcile")/state.*"]).output
            #expect(states.contains("\nsettled "), "\(states)")
            #expect(try run(["ls", daemon.scratch / "leases/reconcile"]).output.contains("ing") == false)
        } else {
            #expect(isPending("lease") && !isPending("alias"))
        }
        #expect(try run(["find", daemon.scratch.path, "-name", "*new*", "-o", "-name", ".cname*"]).output == "")
        let state = Set(try run(["ls", "-A", daemon.scratch / "leases"]).output.split(separator: "\n"))
        #expect(state.isSubset(of: ["leases", "lock", "since", "reconcile", "reconcile.lock"]), "\(state)")
    }
}
