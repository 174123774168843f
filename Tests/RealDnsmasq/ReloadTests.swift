import CLinux
import TestSupport
import Testing

/// A change of our settings or of dnsmasq's, by `service debounced reload`, as LuCI applies it. `swift test --filter
/// ReloadTests | grep 'DNS was gone'` shows how long DNS was gone.
@Suite(.ownThread) struct ReloadTests {
    private static let alias = "cname=maxwell,maxwell.lan,maxwell-arch.lan"
    private static let isOut = "#maxwell is left out: 'maxwell' is a CNAME at /etc/config/dhcp:2"

    /// The alias is up, and dnsmasq serves it.
    private func served() throws -> LAN {
        let lan = try LAN()
        try lan.event()
        try lan.program.line(with: "dnsmasq: done")
        #expect(lan.fragment() == Self.alias)
        #expect(try lan.answers("maxwell.lan"))
        return lan
    }

    /// LuCI adds the alias's name as a CNAME of its own, and takes it away again. procd reloads both services, in any
    /// order.
    @Test(arguments: [true, false]) func luciAddsTheNameOfAnAlias(oursFirst: Bool) throws {
        let lan = try served()
        let outage = try lan.watchDNS()
        func reload() throws {
            if oursFirst { try lan.service("reload") }
            try lan.inside(["service", "dnsmasq", "reload"])
            if !oursFirst { try lan.service("reload") }
        }
        lan.setDHCP("config cname\n option cname maxwell\n option target up.lan\n")
        lan.configure("cname=maxwell,up.lan")
        try reload()
        try eventually("LuCI's CNAME is served") { try lan.resolve("maxwell").first == "up.lan." }
        #expect(
            try outage.isShort("LuCI adds the name of an alias, \(oursFirst ? "we" : "dnsmasq") first", pauses: 10))
        #expect(lan.fragment() == Self.isOut)
        let check = try lan.service("check")
        #expect(check.status == 78)
        #expect(
            check.output.contains("alias 'maxwell' is left out in \(lan.scratch / "lan.d"): 'maxwell' is a CNAME at"),
            "\(check)")

        lan.setDHCP("")
        lan.configure("")
        try reload()
        try eventually("the alias is served") { try lan.resolve("maxwell").first == "maxwell-arch.lan." }
        #expect(lan.fragment() == Self.alias)
        #expect(try lan.service("check").output.contains("left out") == false)
    }

    /// Nothing else has to be called.
    @Test(arguments: ["reload", "HUP"]) func anAliasComesAndGoes(way: String) throws {
        let lan = try served()
        let settings = try #require(contents(lan.scratch / "config"))
        func reload(status: Int32 = 0, fault: String = "") throws {
            if way == "reload" {
                let called = try lan.service("reload")
                #expect(called.status == status, "\(called.output)")
                #expect(called.output.contains(fault), "\(called.output)")
            } else {
                try lan.inside(["pkill", "-HUP", "-x", "debounced"])
            }
        }
        lan.scratch.write("config", settings + "\nconfig cname 'office'\n\tlist target 'maxwell-arch'\n")
        try reload()
        try lan.program.line(with: "dnsmasq: done")
        #expect(lan.fragment() == Self.alias + "\ncname=office,office.lan,maxwell-arch.lan")
        #expect(try lan.answers("office.lan"))
        // Another target, which has no lease.
        lan.scratch.write("config", settings + "\nconfig cname 'office'\n\tlist target 'maxwell-wifi'\n")
        try reload()
        try lan.program.line(with: "dnsmasq: done")
        #expect(lan.fragment() == Self.alias)
        // Nothing that concerns dnsmasq.
        let runs = lan.state("runs")
        lan.scratch.write("config", settings + Daemon.lastJob(quiet: "0.5"))
        try reload()
        try lan.program.line(with: "HUP: dnsmasq after")
        try eventually("the job is there") { contents(lan.scratch / "run/jobs/end/state") != nil }
        try lan.inside(["cname-updater", "request", "end"])
        #expect(try lan.program.lines(with: "dnsmasq: run", before: "end: done") == [])
        #expect(lan.state("runs") == runs)
        // A fault: what was in force stays.
        lan.scratch.write("config", settings + "\nconfig cname 'other'\n")
        let fault = ":6: alias 'other' has no target"
        try reload(status: 1, fault: fault)
        if way == "HUP" { try lan.program.line(with: fault) }
        #expect(lan.fragment() == Self.alias)
    }
}
