import CLinux
import TestSupport
import Testing

/// What is asked for and what ends up running when aliases change and change back, with the daemon itself.
@Suite(.serialized, .ownThread) struct AliasDaemonTests {
    private static let first = "cname=m,m.lan,a.lan"
    private static let second = "cname=m,m.lan,b.lan"

    /// A daemon whose command writes what dnsmasq would read. The command fails while there is a file `fails`, and waits
    /// while there is a file `waits`.
    private func router(starts: Bool = true) throws -> Daemon {
        let daemon = try Daemon(starts: false)
        let here = daemon.scratch.path
        daemon.scratch.write(
            "command",
            """
            echo "reads $(cat \(here)/conf/cname-updater.conf)"
            while [ -e \(here)/waits ]; do sleep 0.02; done
            ! [ -e \(here)/fails ]
            """)
        daemon.scratch.write(
            "config",
            """
            config job dnsmasq
                option command 'sh \(here)/command'
                option quiet 3
            \(daemon.updaterSection)
            config cname m
                list target a
                list target b
            """ + Daemon.lastJob(quiet: "3"))
        // The alias leads to b, and a run has read that.
        if starts { try daemon.start() }
        #expect(try event(daemon, "add", "b") == 0)
        if starts {
            try daemon.program.line(with: "reads " + Self.second)
            try daemon.program.line(with: "done")
        }
        return daemon
    }

    private func event(_ daemon: Daemon, _ action: String, _ host: String) throws -> Int32 {
        let number = host == "a" ? 1 : 2
        return try daemon.ask(with: [
            "ACTION": action, "MACADDR": "aa:bb:cc:dd:ee:0\(number)", "IPADDR": "10.0.0.\(number)", "HOSTNAME": host,
            "DNSMASQ_INTERFACE": "lan",
        ]).status
    }

    private func change(_ daemon: Daemon) throws { #expect(try event(daemon, "add", "a") == 0) }
    private func undo(_ daemon: Daemon) throws { #expect(try event(daemon, "remove", "a") == 0) }

    /// The lines of runs from now on, until nothing is asked for any more.
    private func runs(_ daemon: Daemon) throws -> [String] {
        let lines = try daemon.linesUntilQuiet(with: "reads ")
        #expect(daemon.state("state", of: "dnsmasq") == "idle")
        return lines.map { String($0.drop { $0 != "c" }) }
    }

    @Test func whatIsUndoneInTimeDoesNotRun() throws {
        let daemon = try router()
        try change(daemon)
        try undo(daemon)
        try daemon.program.line(with: "dnsmasq: not needed any more")
        #expect(try runs(daemon) == [])
        try change(daemon)
        try daemon.program.line(with: "reads " + Self.first)
    }

    @Test func aRequestByHandRunsAllTheSame() throws {
        let daemon = try router()
        try change(daemon)
        #expect(try daemon.ask("request").status == 0)
        try undo(daemon)
        try daemon.program.line(with: "reads " + Self.second)
        #expect(daemon.state("causes", of: "dnsmasq") == "manual request dnsmasq")
        #expect(try runs(daemon) == [])
    }

    @Test func whatIsFlushedIsUndoneByAnotherRun() throws {
        let daemon = try router()
        try change(daemon)
        #expect(try daemon.ask("flush").status == 0)
        try daemon.program.line(with: "reads " + Self.first)
        try undo(daemon)
        try daemon.program.line(with: "reads " + Self.second)
        #expect(try runs(daemon) == [])
    }

    @Test func whatIsCancelledIsAskedForByTheNextChange() throws {
        let daemon = try router()
        try change(daemon)
        #expect(try daemon.ask("cancel").status == 0)
        try eventually("it is forgotten") { daemon.state("state", of: "dnsmasq") == "idle" }
        try undo(daemon)
        #expect(try runs(daemon) == [])
        try change(daemon)
        try daemon.program.line(with: "reads " + Self.first)
        #expect(try runs(daemon) == [])
    }

    @Test func aRunThatFailedIsNotTakenBack() throws {
        let daemon = try router()
        daemon.scratch.write("fails", "")
        try change(daemon)
        try daemon.program.line(with: "reads " + Self.first)
        try daemon.program.line(with: "retry 1")
        unlink(daemon.scratch / "fails")
        try undo(daemon)
        try daemon.program.line(with: "reads " + Self.second)
        try daemon.program.line(with: "done")
        #expect(try runs(daemon) == [])
    }

    @Test func aChangeDuringARunIsReadByAnother() throws {
        let daemon = try router()
        try change(daemon)
        try undo(daemon)
        daemon.scratch.write("waits", "")
        #expect(try daemon.ask("request").status == 0)
        try daemon.program.line(with: "reads " + Self.second)
        try change(daemon)
        try undo(daemon)
        unlink(daemon.scratch / "waits")
        // The run that waited could have read the change.
        try daemon.program.line(with: "reads " + Self.second)
        try daemon.program.line(with: "done")
        #expect(try runs(daemon) == [])
    }

    @Test func aDaemonThatWasKilledRunsItAgain() throws {
        let daemon = try router()
        daemon.scratch.write("waits", "")
        try change(daemon)
        try daemon.program.line(with: "reads " + Self.first)
        daemon.program.signal(SIGKILL)
        try daemon.program.end()
        try undo(daemon)
        unlink(daemon.scratch / "waits")
        try daemon.start()
        try daemon.program.line(with: "reads " + Self.second)
        try daemon.program.line(with: "done")
        #expect(try runs(daemon) == [])
    }

    @Test func withoutADaemonItIsKept() throws {
        let daemon = try router(starts: false)
        try undo(daemon)
        try change(daemon)
        try daemon.start()
        try daemon.program.line(with: "reads " + Self.first)
        try daemon.program.line(with: "done")
        daemon.program.signal(SIGTERM)
        try daemon.program.end()
        // A change that is undone before there is a daemon again asks for nothing.
        try undo(daemon)
        try change(daemon)
        try daemon.start()
        #expect(try runs(daemon) == [])
    }
}
