import CLinux
import TestSupport
import Testing

/// Somebody holds one of the updater's locks and does not go on.
@Suite(.ownThread, .onlyInAll("The updaters wait for ten seconds, and in turn.")) struct HeldLockTests {
    private let daemon: Daemon

    init() throws {
        daemon = try Daemon(starts: false)
        daemon.scratch.write(
            "config",
            """
            \(daemon.updaterSection)
            config cname m
                list target 'even s'
                list target 'odd s'
            """)
        // The run directory is there, and the settings are in force.
        #expect(try updater(0, "other").end() == 0)
    }

    private func updater(_ number: Int, _ host: String, _ action: String = "add") throws -> Program {
        try Program(
            [Built.updater],
            environment: daemon.environment.merging([
                "ACTION": action, "MACADDR": "aa:bb:cc:dd:ee:\(String(number + 256, radix: 16).suffix(2))",
                "IPADDR": "10.0.1.\(number)", "HOSTNAME": host, "DNSMASQ_INTERFACE": "lan",
            ]) { $1 }, in: daemon.scratch)
    }

    /// Our own lock on the file, which ends when the descriptor is closed: fcntl(2).
    private func hold(_ file: String) -> Int32 {
        let descriptor = linux_open(daemon.scratch / "leases/\(file)", O_RDWR | O_CREAT, 0o600)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        // The bytes behind it are the places of those that wait.
        lock.l_len = 1
        #expect(linux_lock(descriptor, F_SETLK, &lock) == 0)
        return descriptor
    }

    private var backlog: Int {
        get throws { try run(["ls", daemon.scratch / "leases/backlog"]).output.split(separator: "\n").count }
    }

    /// They neither wait in ever greater numbers nor for ever, and what they had to say is not lost, nor its order.
    @Test(arguments: ["aliases", "lock"]) func nothingStaysWrong(file: String) throws {
        let held = hold(file)
        let start = now()
        var waiting: [Program] = []
        for number in 1...40 { waiting.append(try updater(number, number.isMultiple(of: 2) ? "even" : "odd")) }
        for updater in waiting { #expect(try updater.end() == 0, "\(updater.log)") }
        #expect(now() - start < 100)
        #expect(try backlog == 40)
        // One whose host is no target queues up, too.
        #expect(try updater(41, "other").end() == 0)
        #expect(try backlog == 41)
        #expect(contents(daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:01") == nil)
        close(held)

        #expect(try updater(42, "other").end() == 0)
        #expect(try run(["ls", daemon.scratch / "leases/backlog"]).status != 0)
        for number in 1...42 {
            let lease = daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:\(String(number + 256, radix: 16).suffix(2))"
            #expect(recorded("address", in: lease) == ["10.0.1.\(number)"])
        }
        #expect(contents(daemon.scratch / "conf/cname-updater.conf") == "cname=m,m.lan,even.lan")
    }

    /// The later of two events of a client counts, however often the earlier one had to wait.
    @Test func keepsTheOrder() throws {
        let held = hold("lock")
        let first = try updater(1, "even")
        #expect(try first.end() == 0)
        let second = try updater(1, "even", "remove")
        #expect(try second.end() == 0)
        close(held)
        // A reload of the service is enough.
        #expect(try daemon.ask("apply").status == 0)
        #expect(try run(["ls", daemon.scratch / "leases/backlog"]).status != 0)
        #expect(contents(daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:01") == nil)
        #expect((contents(daemon.scratch / "conf/cname-updater.conf") ?? "") == "")
    }
}
