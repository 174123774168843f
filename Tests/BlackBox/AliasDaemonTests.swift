import CLinux
import TestSupport
import Testing

/// The runs of a daemon when aliases change and change back, on a machine without OpenWrt. No process of dnsmasq tells
/// its loaded aliases, so each change requests a run. The quiet time never passes: runs start by a flush.
@Suite(.ownThread) struct AliasDaemonTests {
    private static let first = "cname=m,m.lan,a.lan"
    private static let second = "cname=m,m.lan,b.lan"

    /// Returns a daemon with a command that prints the fragment, as dnsmasq would read it. The command fails while a
    /// file `fails` exists, and waits while a file `waits` exists.
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
                option quiet 600
            \(daemon.updaterSection)
            config cname m
                list target a
                list target b
            """ + Daemon.lastJob(quiet: "600"))
        // The alias leads to b, and a run has read that.
        if starts { try daemon.start() }
        #expect(try event(daemon, "add", "b") == 0)
        if starts { try runs(daemon, Self.second) }
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

    /// Flushes the job, and waits until the command reads `fragment`.
    private func starts(_ daemon: Daemon, _ fragment: String) throws {
        #expect(try daemon.ask("flush").status == 0)
        try daemon.program.line(with: "reads " + fragment)
    }

    private func runs(_ daemon: Daemon, _ fragment: String) throws {
        try starts(daemon, fragment)
        try daemon.program.line(with: "dnsmasq: done")
    }

    /// Expects no run since the last awaited line, and no waiting request.
    private func isOver(_ daemon: Daemon) throws {
        #expect(try daemon.linesUntilHeard(with: "reads ") == [])
        #expect(daemon.state("state", of: "dnsmasq") == "idle" && daemon.state("due", of: "dnsmasq") == "")
        #expect(try run(["find", daemon.run + "/pending/dnsmasq", "-type", "f"]).output.hasPrefix("/") == false)
    }

    /// The loaded aliases are unknown without OpenWrt, so an undone change takes a run, too.
    @Test func whatIsUndoneRunsOnce() throws {
        let daemon = try router()
        try change(daemon)
        try undo(daemon)
        try runs(daemon, Self.second)
        try isOver(daemon)
        try change(daemon)
        try runs(daemon, Self.first)
        try isOver(daemon)
    }

    @Test func aRequestByHandRunsAllTheSame() throws {
        let daemon = try router()
        try change(daemon)
        #expect(try daemon.ask("request").status == 0)
        try undo(daemon)
        try runs(daemon, Self.second)
        #expect(daemon.state("causes", of: "dnsmasq")?.contains("manual request dnsmasq") == true)
        try isOver(daemon)
    }

    @Test func whatIsFlushedIsUndoneByAnotherRun() throws {
        let daemon = try router()
        try change(daemon)
        try starts(daemon, Self.first)
        try undo(daemon)
        try runs(daemon, Self.second)
        try isOver(daemon)
    }

    @Test func whatIsCancelledIsAskedForByTheNextChange() throws {
        let daemon = try router()
        try change(daemon)
        #expect(try daemon.ask("cancel").status == 0)
        try eventually("it is forgotten") { daemon.state("state", of: "dnsmasq") == "idle" }
        try undo(daemon)
        try runs(daemon, Self.second)
        try isOver(daemon)
    }

    @Test func aRunThatFailedIsNotTakenBack() throws {
        let daemon = try router()
        daemon.scratch.write("fails", "")
        try change(daemon)
        try starts(daemon, Self.first)
        try daemon.program.line(with: "retry 1")
        unlink(daemon.scratch / "fails")
        try undo(daemon)
        try runs(daemon, Self.second)
        try isOver(daemon)
    }

    @Test func aChangeDuringARunIsReadByAnother() throws {
        let daemon = try router()
        try change(daemon)
        try undo(daemon)
        daemon.scratch.write("waits", "")
        #expect(try daemon.ask("request").status == 0)
        try starts(daemon, Self.second)
        try change(daemon)
        try undo(daemon)
        unlink(daemon.scratch / "waits")
        try daemon.program.line(with: "dnsmasq: done")
        // The run that waited could have read the change.
        try runs(daemon, Self.second)
        try isOver(daemon)
    }

    @Test func aDaemonThatWasKilledRunsItAgain() throws {
        let daemon = try router()
        daemon.scratch.write("waits", "")
        try change(daemon)
        try starts(daemon, Self.first)
        daemon.program.signal(SIGKILL)
        try daemon.program.end()
        try undo(daemon)
        unlink(daemon.scratch / "waits")
        try daemon.start()
        try runs(daemon, Self.second)
        try isOver(daemon)
    }

    @Test func withoutADaemonItIsKept() throws {
        let daemon = try router(starts: false)
        try undo(daemon)
        try change(daemon)
        try daemon.start()
        try runs(daemon, Self.first)
        daemon.program.signal(SIGTERM)
        try daemon.program.end()
        try undo(daemon)
        try change(daemon)
        try daemon.start()
        try runs(daemon, Self.first)
        try isOver(daemon)
    }
}
