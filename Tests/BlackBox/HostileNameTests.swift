import TestSupport
import Testing

/// Names that try to break out, from the network and from the settings.
@Suite(.ownThread) struct HostileNameTests {
    private static let names = [
        "a,b", "x\ny", "../../etc/x", "-x", String(repeating: "a", count: 64), "a..b", ".x", "x.", "a b", "a#b",
        "a\u{1B}",
        "a\u{E9}", "$(id)", "a\\nb", "a/", "*", "a=b", "h.-x",
        Array(repeating: String(repeating: "a", count: 63), count: 4).joined(separator: "."),
    ]

    /// Returns a router with an alias for `host`, which is up.
    private func router(_ settings: String = "config cname m\n list target host\n") throws -> Daemon {
        let daemon = try Daemon(starts: false)
        let here = daemon.scratch.path
        let place = "config updater\n option confdir \(here)/conf\n option mappings \(here)/map\n option domain lan\n"
        daemon.scratch.write("config", place + settings)
        return daemon
    }

    private func event(_ name: String, _ more: [String: String?] = [:]) -> [String: String?] {
        [
            "ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:01", "IPADDR": "10.0.0.1", "HOSTNAME": name,
            "DNSMASQ_INTERFACE": "lan",
        ].merging(more) { $1 }
    }

    /// Returns every file with its content.
    private func all(_ daemon: Daemon) throws -> String {
        try run(["sh", "-c", "find \(daemon.scratch.path) -type f | sort | xargs head"]).output
    }

    private func fragment(_ daemon: Daemon) -> String? { contents(daemon.scratch / "conf/cname-updater.conf") }

    @Test func aClientCanNotBreakOut() throws {
        let daemon = try router()
        #expect(try daemon.ask(with: event("HOST")).status == 0)
        #expect(fragment(daemon) == "cname=m,m.lan,host.lan", "DNS ignores case")
        let before = try all(daemon)
        for name in Self.names {
            for action in ["add", "update", "remove"] {
                let told = try daemon.ask(with: event(name, ["ACTION": action]))
                #expect(told.status == 65, "\(name)")
                #expect(told.output.hasPrefix("cname-updater: HOSTNAME '"), "\(told.output)")
                #expect(told.output.hasSuffix("': not a host name"), "\(told.output)")
                #expect(told.output.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "one line: \(told.output)")
            }
        }
        #expect(try all(daemon) == before)
    }

    /// A hostile value in another variable tells less, or nothing.
    @Test func norByOtherVariables() throws {
        let daemon = try router()
        for name in Self.names {
            let more = [
                "DNSMASQ_CLIENT_ID": name, "DNSMASQ_OLD_HOSTNAME": name, "DNSMASQ_MAC": name, "DNSMASQ_DOMAIN": name,
            ]
            #expect(try daemon.ask(with: event("host", more)).status == 0)
            #expect(try daemon.ask(with: event("host", ["DNSMASQ_TIME_REMAINING": name])).status == 65)
        }
        #expect(try run(["ls", daemon.scratch / "leases/leases"]).output == "aa:bb:cc:dd:ee:01")
        #expect(fragment(daemon) == "cname=m,m.lan,host.lan")
    }

    @Test func theRoutersNameIsNoClients() throws {
        let name = try run(["uname", "-n"]).output
        let daemon = try router("config cname m\n list target '\(name)'\n")
        for name in [name, name.uppercased()] { #expect(try daemon.ask(with: event(name)).status == 0) }
        let lease = daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:01"
        #expect(recorded("address", in: lease).count == 1 && recorded("hostname", in: lease) == [])
        #expect(fragment(daemon) ?? "" == "")
    }

    @Test func norDoTheSettingsLetOneOut() throws {
        // The names are in double quotes, where a backslash takes the next character as it is.
        for name in Self.names where !name.contains("\\") {
            for section in [
                "config cname m\n list target \"\(name)\"\n", "config cname m\n list target \"host \(name)\"\n",
                "config cname\n option name \"\(name)\"\n list target host\n",
                "config cname \"\(name)\"\n list target host\n",
            ] where !(name == "a b" && section.contains("target \"a b\"")) {
                let daemon = try router(section)
                let told = try daemon.ask(with: event("host"))
                try expectLeftOut(told, of: "config", daemon)
                #expect(fragment(daemon) ?? "" == "", "\(section)")
            }
        }
    }

    /// Expects the fault in lines fit for a log, and no file of another name.
    private func expectLeftOut(_ told: (status: Int32, output: String), of file: String, _ daemon: Daemon) throws {
        #expect(told.status == 0, "\(told.output)")
        let lines = told.output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("\(daemon.scratch / file):") }, "\(told.output)")
        for line in lines {
            #expect(line.hasPrefix("\(daemon.scratch / file):") || line.hasSuffix("once debounced is back"), "\(line)")
            #expect(line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(line)")
        }
        let places = try run(["ls", daemon.scratch.path]).output.split(separator: "\n")
        #expect(Set(places).isSubset(of: ["conf", "config", "leases", "map", "run"]), "\(places)")
    }

    @Test func norDoesTheMappingFile() throws {
        // Blanks and newlines end a word there, and `#` the line.
        for name in Self.names where !name.contains(where: { " \n#".contains($0) }) {
            for line in ["\(name) m", "host \(name)", "host m \(name)"] {
                let daemon = try router("")
                daemon.scratch.write("map", "host ok\n\(line)\n")
                let told = try daemon.ask(with: event("host"))
                try expectLeftOut(told, of: "map", daemon)
                #expect(told.output.contains("map:2: "), "\(told.output)")
                #expect(fragment(daemon) == "cname=ok,ok.lan,host.lan", "\(line)")
            }
        }
    }

    /// Each change would wear out a router's flash, where an overlay has its upper half.
    @Test func writesToNoFlash() throws {
        let daemon = try Daemon(starts: false)
        let script = """
            set -e
            mount -t tmpfs none /mnt
            mkdir /mnt/lower /mnt/upper /mnt/work /mnt/overlay
            mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/overlay
            set +e
            \(Built.updater)
            echo "status $?"
            \(Built.updater) check
            echo "status $?"
            find /mnt/overlay -type f
            """
        daemon.scratch.write(
            "config", "config updater\n option confdir /mnt/overlay/not/there\nconfig cname m\n list target host\n")
        let told = try run(
            ["unshare", "-m", "sh", "-c", script], environment: daemon.environment.merging(event("host")) { $1 })
        // Leaves out the advice.
        let lines = told.output.split(separator: "\n").filter { !$0.contains("option publish 'hosts' would") }
        let finding = "/mnt/overlay/not/there: is not in memory, but aliases change often; see option confdir"
        #expect(lines == ["status 0", "\(finding)", "status 78"])
        let lease = daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:01"
        #expect(recorded("hostname", in: lease) == ["host"], "the lease is known")
        #expect(pendingRequests(for: "dnsmasq", "alias", in: daemon.run).isEmpty)
    }
}
