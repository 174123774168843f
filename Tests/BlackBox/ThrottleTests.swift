import CLinux
import TestSupport
import Testing

/// A requester that repeats itself is throttled, and its caller is told. No other requester waits for it.
///
/// A requester is calm after three quiet times without a request, and a busy machine may take that long between two
/// requests. The quiet time is therefore long at each request, and a reload makes it short afterwards.
@Suite(.ownThread) struct ThrottleTests {
    private func settings(_ command: String, quiet: Double) -> String {
        "config job j\n option command '\(command)'\n option quiet \(quiet)\n option max_interval 7200\n"
    }

    /// Waits until the daemon has the request, and ends the quiet time by a reload. A run after a flush would not
    /// count.
    private func letRun(_ daemon: Daemon, _ settings: (_ quiet: Double) -> String) throws {
        _ = try daemon.due()
        daemon.reload(settings(0.1))
        try daemon.program.line(with: "j: done")
        daemon.reload(settings(600))
        try daemon.program.line(with: "HUP: j after 600 s")
    }

    @Test func theFourthRequestByHandIsToldHowToRunItNow() throws {
        let daemon = try Daemon(settings: settings("true", quiet: 600))
        // At a terminal.
        func type(_ call: String) throws -> (status: Int32, output: String) {
            try run(["script", "-qec", "\(Built.updater) \(call)", "/dev/null"], environment: daemon.environment)
        }
        for _ in 1...3 {
            let asked = try type("request j")
            #expect(asked.status == 0 && asked.output == "")
            try letRun(daemon) { settings("true", quiet: $0) }
        }
        let fourth = try type("request j")
        #expect(fourth.status == 0)
        #expect(
            fourth.output.hasPrefix(
                "j: throttled, as it was requested too often; to run it now: cname-updater flush j"))
        try daemon.program.line(with: "j: throttled, as it was requested too often: manual request j; the next run is ")
        try eventually("it shows") { daemon.state("state") == "throttled" }
        #expect(try daemon.ask("flush", "j").status == 0)
        try daemon.program.line(with: "j: done")
        // The FIFO's requester has made no request before.
        daemon.reload(settings("true", quiet: 0.1))
        try daemon.program.line(with: "HUP: j after 0.1 s")
        try daemon.write("request j\n")
        #expect(try daemon.program.lines(with: "throttled", before: "j: done") == [])
    }

    /// Returns settings with aliases that follow the leases. The command prints the aliases.
    private func settings(of daemon: Daemon, quiet: Double) -> String {
        settings("cat \(daemon.scratch.path)/conf/cname-updater.conf", quiet: quiet)
            + """
            \(daemon.updaterSection)
            config cname m
                list target a
                list target b
            config cname n
                list target c
            """
    }

    private func event(_ daemon: Daemon, _ action: String, _ host: String) throws {
        let number = ["a": 1, "b": 2, "c": 3][host]!
        let asked = try daemon.ask(with: [
            "ACTION": action, "MACADDR": "aa:bb:cc:dd:ee:0\(number)", "IPADDR": "10.0.0.\(number)", "HOSTNAME": host,
            "DNSMASQ_INTERFACE": "lan",
        ])
        #expect(asked.status == 0)
    }

    @Test func anAliasThatFlipsHoldsUpNoOther() throws {
        let daemon = try Daemon(starts: false)
        daemon.scratch.write("config", settings(of: daemon, quiet: 600))
        try daemon.start()
        // An event that comes while a reload brings the aliases up to date leaves the change to the reload.
        func causes() -> [String] {
            (daemon.state("causes") ?? "").split(separator: "\n").map { String($0.prefix { $0 != "," }) }
        }
        func letRun() throws { try self.letRun(daemon) { settings(of: daemon, quiet: $0) } }
        try event(daemon, "add", "b")
        try letRun()
        #expect(causes() == ["alias m: none to b"])
        for action in ["add", "remove"] {
            try event(daemon, action, "a")
            try letRun()
        }
        #expect(causes() == ["alias m: a to b"])
        try event(daemon, "add", "a")
        try daemon.program.line(with: "j: throttled, as it was requested too often: alias m;")
        // Alias `n` does not wait, and its run covers both aliases.
        try event(daemon, "add", "c")
        try eventually("it waits for its quiet time") { daemon.state("state") == "waiting" }
        daemon.reload(settings(of: daemon, quiet: 0.1))
        try daemon.program.line(with: "cname=m,m.lan,a.lan")
        try daemon.program.line(with: "cname=n,n.lan,c.lan")
        #expect(causes() == ["alias m: b to a", "alias n: none to c"])
        try daemon.program.line(with: "j: done")
        // The requester has not been calm.
        daemon.reload(settings(of: daemon, quiet: 600))
        try daemon.program.line(with: "HUP: j after 600 s")
        try event(daemon, "remove", "a")
        try eventually("it is throttled again") { daemon.state("state") == "throttled" }
    }
}
