import TestSupport
import Testing

/// What `cname-updater check` finds on a router.
@Suite(.ownThread) struct CheckTests {
    /// libuci reads a file in /var/run/uci in place of that in /etc/config, all of it.
    @Test func settingsInVarRunCount() throws {
        let lan = try LAN()
        func check() throws -> (status: Int32, output: String) {
            try lan.inside(["env", "-u", "DEBOUNCED_CONFIG", "cname-updater", "check"])
        }
        lan.setDHCP("config cname\n option cname etc\n option target up.lan\n")
        try run(["mkdir", "-p", lan.scratch / "var/run/uci"])
        lan.scratch.write(
            "var/run/uci/debounced", "config cname 'maxwell'\n list target up\nconfig cname etc\n list target up\n")
        #expect(
            try check().output.contains(
                "/var/run/uci/debounced:3: alias 'etc' is left out: it is a CNAME at /etc/config/dhcp:2 too"))
        lan.scratch.write("var/run/uci/dhcp", "\n\nconfig cname\n option cname maxwell\n option target up.lan\n")
        let moved = try check()
        #expect(moved.status == 78)
        #expect(
            moved.output.contains(
                "/var/run/uci/debounced:1: alias 'maxwell' is left out: it is a CNAME at /var/run/uci/dhcp:4 too"),
            "\(moved)")
        #expect(!moved.output.contains("alias 'etc' is left out"))
        // A call or a variable that names the settings file wins.
        #expect(try !lan.inside(["cname-updater", "check"]).output.contains("/var/run/uci/debounced"))
    }
}
