import TestSupport
import Testing

/// An updater's streams lead nowhere under a dispatcher, so its faults must be in syslog.
@Suite(.ownThread) struct SyslogTests {
    /// Returns the lines of syslog after these commands, and the output of the commands. The last line is about an
    /// ACTION `frob`.
    private func log(_ daemon: Daemon, _ commands: String) throws -> [Substring] {
        // With a /dev of its own, in a mount namespace of its own.
        let script = """
            mkdir $D
            mount -t tmpfs none $D
            touch $D/null
            mount --bind /dev/null $D/null
            mount --bind $D /dev
            busybox syslogd -n -O $D/syslog &
            while ! [ -S /dev/log ]; do sleep 0.01; done
            \(commands)
            ACTION=frob \(Built.updater) >/dev/null 2>&1 </dev/null
            echo "status $?"
            while ! grep -q frob $D/syslog; do sleep 0.01; done
            cat $D/syslog
            kill $!
            """
        let called = try run(
            ["timeout", "100", "unshare", "-m", "sh", "-c", script],
            environment: daemon.environment.merging(["D": daemon.scratch / "dev"]) { $1 })
        return called.output.split(separator: "\n")
    }

    @Test func hasBadEvents() throws {
        let lines = try log(Daemon(starts: false), "")
        #expect(lines.contains("status 64"))
        let line = lines.first { $0.contains("frob") } ?? ""
        #expect(line.contains("daemon.err cname-updater["), "\(lines)")
        #expect(line.hasSuffix("ACTION 'frob': allowed are add, update and remove"), "\(lines)")
    }

    @Test func saysOnceThatAnAliasIsLeftOut() throws {
        let daemon = try Daemon(starts: false)
        daemon.scratch.write("config", daemon.updaterSection + "config cname m\nlist target host\n")
        try run(["mkdir", daemon.scratch / "conf"])
        daemon.scratch.write("conf/other.conf", "cname=m.lan,up.lan\n")
        let variables = "MACADDR=aa:bb:cc:dd:ee:ff IPADDR=10.0.0.1 HOSTNAME=host"
        let events = ["add", "update"].map { "ACTION=\($0) \(variables) \(Built.updater)" }
        let lines = try log(daemon, events.joined(separator: "\n")).filter { $0.contains("left out") }
        let place = "\(daemon.scratch / "conf/other.conf"):1"
        #expect(lines.count == 1 && lines[0].hasSuffix(": m is left out: 'm.lan' is a CNAME at \(place)"), "\(lines)")
    }
}
