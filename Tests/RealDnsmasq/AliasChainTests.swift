import TestSupport
import Testing

/// One name that always reaches the machine, through the whole chain, as a real dnsmasq answers it. Each change of the
/// alias takes exactly one restart; an event that changes no alias takes no restart.
@Suite(.ownThread) struct AliasChainTests {
    /// A laptop: wired and wireless in one system, or booted into another.
    private final class Maxwell {
        let router: Router
        var wired: Client { router.clients[0] }
        var wireless: Client { router.clients[1] }

        init(_ dispatcher: Router.Dispatcher, quiet: String = "0.3", name: String? = nil) throws {
            router = try Router(
                // These changes come so soon after one another that they would be taken for a loop.
                dispatcher, quiet: quiet, maxInterval: "0",
                aliases: """
                    config cname 'maxwell'
                        list target 'maxwell-arch'
                        list target 'maxwell-arch-wifi'
                        list target 'maxwell-bigsur'
                        option probe '0'

                    """, clients: 2, name: name)
            try eventually("dnsmasq answers") { try router.resolve("maxwell.lan") == [] }
        }

        /// The fragment that dnsmasq reads.
        var fragment: String { router.scratch / "dnsmasq.d/cname-updater.conf" }

        /// Does something that may change the target of the alias.
        /// - Parameters:
        ///   - event: The event that dnsmasq reports for the client's address.
        ///   - host: The host that the alias must then lead to.
        func step(
            _ event: String?, of client: Client, restarts: Int = 0, to host: String?,
            _ action: () throws -> Void
        ) throws {
            let runs = Int(router.state("runs")!)!
            let events = router.events.count
            try action()
            if let event {
                let line = "\(event) \(client.address)"
                try eventually("\(line) has come") { router.events[events...].contains(Substring(line)) }
            }
            if restarts == 1 {
                try router.program.line(with: "dnsmasq: run \(runs + 1):")
                try router.program.line(with: "dnsmasq: done")
                let leases = (contents(router.scratch / "leases") ?? "").split(separator: "\n").count
                try eventually("all leases are replayed") { router.eventsSinceRestart.count >= leases }
            }
            #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
            #expect(router.state("runs") == "\(runs + restarts)")
            try expect(host)
        }

        /// Both interfaces come up, within a quiet time or later.
        func bootArch() throws {
            try step("add", of: wireless, restarts: 1, to: "maxwell-arch") {
                try wired.boot("maxwell-arch")
                try wireless.boot("maxwell-arch-wifi")
            }
        }

        private func expect(_ host: String?) throws {
            let answer = try router.resolve("maxwell.lan")
            guard let host else {
                #expect(answer == [])
                return
            }
            let address = try router.resolve("\(host).lan")
            #expect(address.count == 1)
            #expect(answer == ["\(host).lan."] + address)
            #expect(try router.resolve("maxwell") == answer)
        }
    }

    @Test(arguments: Extent.cases(Router.Dispatcher.new, .old))
    func followsLeasesThatComeAndGo(dispatcher: Router.Dispatcher) throws {
        let maxwell = try Maxwell(dispatcher)
        let (wired, wireless) = (maxwell.wired, maxwell.wireless)
        try maxwell.step("add", of: wireless, restarts: 1, to: "maxwell-arch-wifi") {
            try wireless.boot("maxwell-arch-wifi")
        }
        try maxwell.step("add", of: wired, restarts: 1, to: "maxwell-arch") { try wired.boot("maxwell-arch") }
        try maxwell.step("remove", of: wired, restarts: 1, to: "maxwell-arch-wifi") { try wired.release() }
        try maxwell.step("remove", of: wireless, restarts: 1, to: nil) { try wireless.release() }
        try maxwell.step("add", of: wired, restarts: 1, to: "maxwell-arch") { try wired.boot("maxwell-arch") }
        try maxwell.step("add", of: wireless, to: "maxwell-arch") { try wireless.boot("maxwell-arch-wifi") }
    }

    @Test(arguments: Extent.cases(Router.Dispatcher.new, .old))
    func followsLeasesThatExpire(dispatcher: Router.Dispatcher) throws {
        let maxwell = try Maxwell(dispatcher)
        let (wired, wireless) = (maxwell.wired, maxwell.wireless)
        try maxwell.bootArch()
        try wired.pull()
        try wireless.pull()
        try maxwell.step("remove", of: wired, restarts: 1, to: "maxwell-arch-wifi") {
            try maxwell.router.letExpire(wired.address, in: 2)
        }
        try maxwell.step("remove", of: wireless, restarts: 1, to: nil) {
            // While no dnsmasq runs.
            try maxwell.router.letExpire(wireless.address, in: 0)
        }
    }

    /// dnsmasq reports only the first renewal of a lease after its own start. So a lease may run on although, as far as
    /// we know, it has ended.
    @Test func outlivesALeaseThatWasRenewedUnheard() throws {
        let maxwell = try Maxwell(.new)
        let (wired, wireless) = (maxwell.wired, maxwell.wireless)
        try maxwell.bootArch()
        try run(["sed", "-i", "s/^expires .*/expires 1/", maxwell.router.scratch / "updater/leases/\(wired.hardware)"])
        try maxwell.step("remove", of: wireless, to: "maxwell-arch") { try wireless.release() }
        let shown = try maxwell.router.inside(["cname-updater", "leases"])
        #expect(shown.contains("in 12 h") || shown.contains("in 11 h"), "\(shown)")
    }

    /// Another system comes up on the interface, while the wireless lease of the first system goes on. With an
    /// unchanged client identifier dnsmasq renames the lease. With a new identifier dnsmasq gives a new lease, and the
    /// old lease goes on.
    @Test(arguments: Extent.cases(Router.Dispatcher.new, .old))
    func followsReboots(dispatcher: Router.Dispatcher) throws {
        let maxwell = try Maxwell(dispatcher)
        let (wired, wireless) = (maxwell.wired, maxwell.wireless)
        try maxwell.bootArch()
        try wireless.pull()
        let address = wired.address
        try maxwell.step("update", of: wired, restarts: 1, to: "maxwell-bigsur") { try wired.boot("maxwell-bigsur") }
        #expect(wired.address == address)
        try maxwell.step("update", of: wired, restarts: 1, to: "maxwell-arch") { try wired.boot("maxwell-arch") }
        try maxwell.step("add", of: wired, restarts: 1, to: "maxwell-bigsur") {
            try wired.boot("maxwell-bigsur", identifier: "ff00000001")
        }
        #expect(wired.address != address)
        #expect(try maxwell.router.resolve("maxwell-arch.lan") == [address])
        try maxwell.step("update", of: wired, restarts: 1, to: "maxwell-arch") { try wired.boot("maxwell-arch") }
        #expect(wired.address == address)
    }

    /// In a container each event shows the router's name in place of the client's.
    @Test func followsNamesThatEventsDoNotShow() throws {
        let maxwell = try Maxwell(.new, name: "box")
        try maxwell.bootArch()
        try maxwell.step("update", of: maxwell.wired, restarts: 1, to: "maxwell-bigsur") {
            try maxwell.wireless.release()
            try maxwell.wired.boot("maxwell-bigsur")
        }
    }

    @Test func whatIsUndoneInTimeTakesNoRestart() throws {
        let maxwell = try Maxwell(.new, quiet: "600")
        let (router, wired) = (maxwell.router, maxwell.wired)
        func isAsked() -> Bool { router.state("state") == "waiting" }
        try wired.boot("maxwell-arch")
        try maxwell.wireless.boot("maxwell-arch-wifi")
        let fragment = "cname=maxwell,maxwell.lan,maxwell-arch.lan"
        try eventually("the alias leads there") { contents(maxwell.fragment) == fragment && isAsked() }
        try router.inside(["cname-updater", "flush"])
        try router.program.line(with: "dnsmasq: done")
        try eventually("all leases are replayed") { router.eventsSinceRestart.count >= 2 }
        try router.waitForUpdaters()
        try wired.release()
        try eventually("it leads elsewhere") { contents(maxwell.fragment) != fragment && isAsked() }
        try wired.boot("maxwell-arch")
        try eventually("it is back") { contents(maxwell.fragment) == fragment }
        try router.waitForUpdaters()
        // The quiet time ends without a pending request.
        try router.inside(["cname-updater", "flush"])
        try router.program.line(with: "dnsmasq: no longer needed")
        try eventually("it shows") { router.state("state") == "idle" }
        #expect(router.state("runs") == "1")
        #expect(try router.resolve("maxwell.lan").first == "maxwell-arch.lan.")
    }

    /// OpenWrt renders a file for each of its instances.
    @Test func everyInstanceIsTold() throws {
        let lan = try LAN(["lan", "guest"])
        lan.configure("domain=guest.lan\nlocal=/guest.lan/", of: "guest")
        // A rendered file without a process counts for nothing.
        try run(["mkdir", "-p", lan.scratch / "old.d"])
        lan.scratch.write("var/etc/dnsmasq.conf.old", "conf-dir=\(lan.scratch / "old.d")\ndomain=old\n")
        try lan.restart("guest")
        try lan.event()
        #expect(lan.fragment() == "cname=maxwell,maxwell.lan,maxwell-arch.lan")
        #expect(lan.fragment(of: "guest") == "cname=maxwell,maxwell.guest.lan,maxwell-arch.guest.lan")
        #expect(lan.fragment(of: "old") == "")
        try lan.program.line(with: "dnsmasq: done")
        #expect(try lan.resolve("maxwell.lan") == ["maxwell-arch.lan.", "10.0.0.1"])
        #expect(try lan.resolve("maxwell.guest.lan", at: "127.0.0.2") == ["maxwell-arch.guest.lan.", "10.0.0.1"])
        #expect(lan.state("runs") == "1")
    }

    /// Each instance gets the alias among the hosts that it knows, as CNAMEs or as addresses.
    @Test(arguments: ["cname", "hosts"])
    func everyInstanceHasItsOwnTarget(publish: String) throws {
        let lan = try LAN(
            ["lan", "guest"],
            sections: """
                    list target 'maxwell-arch-wifi'
                config cname 'both'
                    list target 'maxwell-arch'
                config updater
                    option publish \(publish)

                """)
        lan.configure("domain=guest\nlocal=/guest/", of: "guest")
        lan.scratch.write("lan.leases", LAN.lease)
        lan.scratch.write("guest.leases", "4000000000 02:77:00:00:00:01 10.0.0.2 maxwell-arch-wifi *\n")
        try lan.restart()
        try lan.inside(["cname-updater", "apply"])
        try eventually("both have it") {
            try lan.resolve("maxwell").last == "10.0.0.1" && lan.resolve("maxwell", at: "127.0.0.2").last == "10.0.0.2"
        }
        let table = try lan.inside(["cname-updater", "aliases"]).output
        let lines = table.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines[0].hasPrefix("ALIAS TARGET ADDRESS SINCE UNTIL CONFDIR WHY"), "\(table)")
        let path = lan.scratch.path
        #expect(lines.contains { $0.hasPrefix("maxwell maxwell-arch 10.0.0.1") && $0.contains("\(path)/lan.d") })
        #expect(
            lines.contains { $0.hasPrefix("maxwell maxwell-arch-wifi 10.0.0.2") && $0.contains("/guest.d no other") })
        let json = try lan.inside(["cname-updater", "aliases", "--json"]).output
        #expect(json.contains(#""confdirs":["\#(path)/guest.d"]"#))
        let files = publish == "cname" ? "cname-updater.conf" : "cname-updater.hosts/maxwell"
        let (own, guest) = (contents(path + "/lan.d/" + files) ?? "", contents(path + "/guest.d/" + files) ?? "")
        if publish == "cname" {
            #expect(own == "cname=both,both.lan,maxwell-arch.lan\ncname=maxwell,maxwell.lan,maxwell-arch.lan")
            #expect(guest == "cname=maxwell,maxwell.guest,maxwell-arch-wifi.guest")
        } else {
            #expect(own == "10.0.0.1 maxwell.alias.invalid maxwell.lan maxwell")
            #expect(guest == "10.0.0.2 maxwell.alias.invalid maxwell.guest maxwell")
            #expect(lan.fragment(of: "guest") == "hostsdir=\(path)/guest.d/cname-updater.hosts")
        }
    }
}
