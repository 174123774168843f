import TestSupport
import Testing

/// The findings of `cname-updater check` on a router.
@Suite(.ownThread) struct CheckTests {
    /// libuci reads a file in /var/run/uci instead of the file in /etc/config.
    @Test func settingsInVarRunCount() throws {
        let lan = try LAN()
        func check() throws -> (status: Int32, output: String) {
            try lan.inside(["env", "-u", "DEBOUNCED_CONFIG", "cname-updater", "check"])
        }
        lan.setDHCP("config cname\n option cname etc\n option target up.lan\n")
        try run(["mkdir", "-p", lan.scratch / "var/run/uci"])
        lan.scratch.write(
            "var/run/uci/debounced", "config cname 'maxwell'\n list target up\nconfig cname etc\n list target up\n")
        lan.setLeases(LAN.lease.replacing("maxwell-arch", with: "up"))
        let start = "is left out in \(lan.scratch / "lan.d"): "
        #expect(
            try check().output.contains(
                "/var/run/uci/debounced:3: alias 'etc' \(start)'etc' is a CNAME at /etc/config/dhcp:2"))
        lan.scratch.write("var/run/uci/dhcp", "\n\nconfig cname\n option cname maxwell\n option target up.lan\n")
        let moved = try check()
        #expect(moved.status == 78)
        #expect(
            moved.output.contains(
                "/var/run/uci/debounced:1: alias 'maxwell' \(start)'maxwell' is a CNAME at /var/run/uci/dhcp:4"),
            "\(moved)")
        #expect(!moved.output.contains("alias 'etc' is left out"))
        // A call or a variable that names the settings file wins.
        #expect(try !lan.inside(["cname-updater", "check"]).output.contains("/var/run/uci/debounced"))
    }

    /// With advice and remarks alone, the settings follow, and the exit status is 0.
    @Test func adviceIsNoProblem() throws {
        let lan = try LAN()
        try lan.event()
        lan.setDHCP("config dhcp\n option interface lan\nconfig dhcp\n option interface guest\n")
        func check() throws -> (status: Int32, output: String) { try lan.inside(["cname-updater", "check"]) }
        let hosts = "config: option publish 'hosts' would serve a changed alias at once"
        let slow =
            "/etc/config/dhcp:1: each restart of dnsmasq looks for another DHCP server for 3 s in each of lan, guest,"
        var (status, output) = try check()
        #expect(
            status == 0 && output.contains(hosts) && output.contains(slow) && output.contains("\nconfig cname\n"),
            "\(output)")
        lan.setDHCP("config dhcp\n option interface lan\n option force 1\n")
        (status, output) = try check()
        #expect(status == 0 && output.contains(hosts) && !output.contains("each restart"), "\(output)")
        let settings = try #require(contents(lan.scratch / "config"))
        lan.scratch.write(
            "config", settings + "\nconfig job network\nconfig updater\n option job network\n option publish hosts\n")
        (status, output) = try check()
        #expect(status == 0 && !output.contains("would serve") && !output.contains("each restart"), "\(output)")
        #expect(
            output.contains("config:6: aliases ask for job 'network', and 'service network restart' does not restart"))
        // Without an alias there is nothing to advise.
        lan.scratch.write("config", "config job network\n")
        (status, output) = try check()
        #expect(status == 0 && !output.contains("would serve") && !output.contains("aliases ask"), "\(output)")
    }

    /// An alias with a name that dnsmasq has from elsewhere.
    @Test func namesOfHostsFilesAreTaken() throws {
        let lan = try LAN(sections: "config cname localhost\n list target maxwell-arch\n")
        try lan.event()
        lan.setDHCP("config domain\n option name maxwell.lan\n option ip 10.0.0.5\n")
        let (status, output) = try lan.inside(["cname-updater", "check"])
        #expect(status == 78)
        #expect(output.contains("config:4: alias 'maxwell' is a name in /etc/config/dhcp:2 too"), "\(output)")
        #expect(output.contains("config:6: alias 'localhost' is the router's own name"), "\(output)")
        lan.setDHCP("")
        lan.configure("addn-hosts=" + lan.scratch.write("hosts", "10.0.0.5 box Maxwell # x\n"))
        try lan.restart()
        let found = try lan.inside(["cname-updater", "check"]).output
        #expect(found.contains("alias 'maxwell' is a name in \(lan.scratch / "hosts") too"), "\(found)")
    }

    /// As dnsmasq 2.90 tells of two machines with one client identifier, which renew in turn.
    @Test(arguments: [false, true]) func clonesAreNoticed(isReconciledFirst: Bool) throws {
        let lan = try LAN()
        func event(_ action: String, _ mac: String, _ name: String) throws {
            lan.setLeases("4000000000 02:00:00:00:00:\(mac) 10.0.0.1 \(name) ff:11:22\n")
            // On a busy router `watch` may see the lease file before the event is handled.
            if isReconciledFirst { try lan.inside(["cname-updater", "apply"]) }
            try lan.inside([
                "env", "ACTION=\(action)", "MACADDR=02:00:00:00:00:\(mac)", "IPADDR=10.0.0.1", "HOSTNAME=\(name)",
                "DNSMASQ_INTERFACE=lan", "DNSMASQ_CLIENT_ID=ff:11:22", "DNSMASQ_TIME_REMAINING=43200", "cname-updater",
            ])
        }
        func check() throws -> (status: Int32, output: String) { try lan.inside(["cname-updater", "check"]) }
        try event("add", "0a", "maxwell-arch")
        try event("update", "0b", "clone")
        try event("update", "0a", "maxwell-arch")
        #expect(try !check().output.contains("take turns"), "a laptop that was undocked once")
        try event("update", "0b", "clone")
        try event("update", "0a", "maxwell-arch")
        let (status, output) = try check()
        let file = lan.scratch / "updater/leases/id-ff:11:22"
        #expect(
            status == 0 && output.contains("\(file): 02:00:00:00:00:0a and 02:00:00:00:00:0b take turns"), "\(output)")
    }
}
