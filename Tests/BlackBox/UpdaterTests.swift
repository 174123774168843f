import CLinux
import TestSupport
import Testing

@Suite(.ownThread) struct UpdaterTests {
    private func event(
        _ action: String, _ client: String = "aa:bb:cc:dd:ee:ff", _ address: String = "10.0.0.1",
        _ name: String? = "host"
    ) -> [String: String?] {
        ["ACTION": action, "MACADDR": client, "IPADDR": address, "HOSTNAME": name]
    }

    @Test func aBareCallAsks() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true", "--quiet", "0.1"])
        #expect(try daemon.ask(with: ["ACTION": nil]).status == 0)
        try daemon.program.line(with: "dnsmasq: done")
        #expect(try daemon.ask("request").status == 0)
        try daemon.program.line(with: "dnsmasq: done")
        #expect(daemon.state("requests", of: "dnsmasq") == "2")
    }

    @Test func aBareCallAtATerminalHelps() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true"])
        let called = try run(["script", "-qec", Built.updater, "/dev/null"], environment: daemon.environment)
        #expect(called.status == 0 && called.output.hasPrefix("usage: cname-updater"), "\(called)")
        #expect(daemon.state("requests", of: "dnsmasq") == "0")
    }

    /// The init script uses this call, as it can't read the mapping file or words such as `off`.
    @Test(arguments: [
        ("", "", false),
        ("config cname a\n list target b\n", "", true),
        ("config cname a\n list target b\n list target c\n", "", true),
        ("config cname a\n list target b\n list target c\n option probe off\n", "", true),
        ("config cname a\n list target b\n list target c\n option enabled 0\n", "", false),
        ("", "b a\n", true),
        ("", "b a\nc a\n", true),
        ("config updater\n option publish hosts\n", "", false),
        ("config updater\n option publish hosts\nconfig cname a\n list target b\n", "", true),
        ("config frob\nconfig cname a\n list target b\n list target c\n list target 'd,e'\n", "", true),
    ])
    func saysWhetherThereIsAnythingToWatch(settings: String, mappings: String, isNeeded: Bool) throws {
        let daemon = try Daemon(starts: false)
        let place = daemon.scratch.write("mappings", mappings)
        daemon.scratch.write("config", settings + "config updater\n option mappings \(place)\n")
        let called = try daemon.ask("watch", "--needed")
        #expect(called.status == (isNeeded ? 0 : 1) && called.output == "")
        #expect(try daemon.ask("leases", "--needed").status == 64)
    }

    /// The aliases stay CNAMEs with a dnsmasq before 2.88, or without inotify.
    @Test(arguments: [
        ("2.90", "inotify", nil), ("2.88", "inotify", nil), ("3.0", "inotify", nil), ("2.91rc4", "inotify", nil),
        ("2.86", "inotify", "dnsmasq 2.86 does not forget entries that go, as 2.88 does"),
        ("2.90", "no-inotify", "this dnsmasq was built without inotify"),
        ("UNKNOWN", "", "dnsmasq UNKNOWN does not forget entries that go, as 2.88 does"),
    ])
    func publishesAsTheInstalledDnsmasqCan(version: String, inotify: String, obstacle: String?) throws {
        let daemon = try Daemon(starts: false)
        try run(["mkdir", daemon.scratch / "bin"])
        daemon.scratch.write(
            "bin/dnsmasq",
            "#!/bin/sh\necho 'Dnsmasq version \(version)  Copyright'\necho 'Compile time options: IPv6 \(inotify) dumpfile'\n",
            mode: 0o755)
        daemon.scratch.write(
            "config", daemon.updaterSection + "\toption publish 'hosts'\nconfig cname m\n\tlist target a\n")
        let path = ["PATH": "\(daemon.scratch / "bin"):/usr/bin:/bin"]
        let variables = event("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a").merging(path) { $1 }
        #expect(try daemon.ask(with: variables).status == 0)
        let fragment = contents(daemon.scratch / "conf/cname-updater.conf")
        let folder = daemon.scratch / "conf/cname-updater.hosts"
        let checked = try daemon.ask("check", with: path).output
        if let obstacle {
            #expect(fragment == "cname=m,m.lan,a.lan")
            #expect(checked.contains("config:5: publish 'hosts': \(obstacle), so cname is used"), "\(checked)")
        } else {
            #expect(fragment == "hostsdir=\(folder)")
            #expect(contents(folder + "/m") == "10.0.0.1 m.alias.invalid m.lan m")
            #expect(!checked.contains("publish 'hosts':"), "\(checked)")
        }
    }

    /// dnsmasq is another user, and must be able to read the folder under any umask. Only the updater's user may write
    /// there.
    @Test func theFolderIsForAllToRead() throws {
        let daemon = try Daemon(starts: false)
        daemon.scratch.write(
            "config", daemon.updaterSection + "\toption publish 'hosts'\nconfig cname m\n\tlist target a\n")
        for umask in ["000", "077"] {
            try run(["rm", "-rf", daemon.scratch / "conf"])
            let words = ["sh", "-c", "umask \(umask); exec \(Built.updater)"]
            let variables = event("add", "aa:bb:cc:dd:ee:01", "10.0.0.1", "a")
            #expect(try run(words, environment: daemon.environment.merging(variables) { $1 }).status == 0)
            #expect(try daemon.ask("apply").status == 0)
            let modes = try run(["find", daemon.scratch / "conf", "-printf", "%m %f\n"]).output.split(separator: "\n")
            #expect(
                modes.sorted() == ["644 cname-updater.conf", "644 m", "755 cname-updater.hosts", "755 conf"].sorted(),
                "\(umask): \(modes)")
        }
    }

    @Test func emptyTablesSayWhatToDo() throws {
        let daemon = try Daemon(starts: false)
        try run(["mkdir", "-p", "-m", "700", daemon.scratch / "leases"])
        #expect(try daemon.ask("leases").output.hasPrefix("no leases: dnsmasq gave no lease"))
        let aliases = "no aliases: a section 'cname' of \(daemon.scratch / "config"), then service debounced reload"
        #expect(try daemon.ask("aliases").output == aliases)
        #expect(try daemon.ask("aliases", "--json").output.hasSuffix("\"aliases\":[]}"))
    }

    /// The start of an alias's current target differs from the start of that target's lease.
    @Test func tellsSinceWhenAnAliasLeadsThere() throws {
        let daemon = try Daemon(starts: false)
        daemon.scratch.write(
            "config", daemon.updaterSection + "config cname m\n list target 'a s'\n list target 'b s'\n")
        func since(after action: String, _ host: String) throws -> Double {
            let address = host == "a" ? "10.0.0.1" : "10.0.0.2"
            let client = "aa:bb:cc:dd:ee:0\(address.last!)"
            #expect(try daemon.ask(with: event(action, client, address, host)).status == 0)
            let output = try daemon.ask("aliases", "--json").output
            let parts = output.split(separator: "\"since\":")
            return Double(try #require(parts.last).prefix { $0.isNumber || $0 == "." }) ?? -1
        }
        let first = try since(after: "add", "b")
        #expect(try since(after: "update", "b") == first)
        let second = try since(after: "add", "a")
        #expect(first > 0 && second > first)
        #expect(try since(after: "remove", "a") > second, "its lease is older, but it leads there since now")
        #expect(try daemon.ask("aliases").output.contains(" s ago"))
    }

    @Test func asksForTheJobOfTheSettings() throws {
        let daemon = try Daemon(settings: "config job a\nconfig job b\nconfig updater\noption job b\n")
        #expect(try daemon.ask("request").status == 0)
        try eventually("b waits") { daemon.state("state", of: "b") == "waiting" }
        #expect(daemon.state("state", of: "a") == "idle")
    }

    @Test func promisesNothingForAJobThatIsNotThere() throws {
        let daemon = try Daemon(["--job", "j=true"])
        for name in ["nosuch", "../jobs/j", "", "j/", ".", "a b"] {
            let asked = try daemon.ask("request", name)
            #expect(asked.status == 64)
            #expect(asked.output.contains("there are: j"))
        }
        #expect(daemon.rejected == "0")
    }

    @Test func asksOnlyWhenALeaseChanged() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true", "--quiet", "600"])
        func requests() -> String? { daemon.state("requests", of: "dnsmasq") }
        #expect(try daemon.ask(with: event("add")).status == 0)
        try eventually("a new lease asks") { requests() == "1" }
        #expect(recorded("hostname", in: daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:ff") == ["host"])
        #expect(recorded("address", in: daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:ff") == ["10.0.0.1"])
        for _ in 0..<3 { #expect(try daemon.ask(with: event("update")).status == 0) }
        #expect(try daemon.ask(with: event("update", "aa:bb:cc:dd:ee:ff", "10.0.0.1", "other")).status == 0)
        try eventually("a changed one asks") { requests() == "2" }
        #expect(try daemon.ask(with: event("remove")).status == 0)
        try eventually("one that is gone asks") { requests() == "3" }
        #expect(contents(daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:ff") == nil)
    }

    @Test func theRoutersNameIsNeverGivenToAClient() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true", "--quiet", "600"])
        let router = try run(["uname", "-n"]).output
        #expect(try daemon.ask(with: event("add", "aa:bb:cc:dd:ee:ff", "10.0.0.1", router)).status == 0)
        let lease = daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:ff"
        #expect(recorded("address", in: lease) == ["10.0.0.1"] && recorded("hostname", in: lease) == [])
    }

    @Test(arguments: [
        ("old", "aa:bb:cc:dd:ee:ff", "10.0.0.1", "a", 64), ("", "aa:bb:cc:dd:ee:ff", "10.0.0.1", "a", 64),
        ("add", "../../x", "10.0.0.1", "a", 65), ("add", "aa:bb:cc:dd:ee:ff", "10.0.0", "a", 65),
        ("add", "aa:bb:cc:dd:ee:ff", "10.0.0.1", "../x", 65), ("add", "aa:bb:cc:dd:ee:ff", "10.0.0.1", "a\nb", 65),
    ])
    func badEventsWriteNothing(action: String, client: String, address: String, name: String, status: Int32) throws {
        let daemon = try Daemon(["--job", "dnsmasq=true"])
        let called = try daemon.ask(with: event(action, client, address, name))
        #expect(called.status == status)
        #expect(!called.output.contains("\n"), "one line: \(called.output)")
        #expect(try run(["find", daemon.scratch / "leases"]).status != 0)
        #expect(daemon.state("requests", of: "dnsmasq") == "0")
    }

    @Test func theRequestIsNotLostWithTheDaemon() throws {
        let daemon = try Daemon(settings: "config updater\n\toption request lease\n", starts: false)
        #expect(try daemon.ask(with: event("add")).status == 0)
        try daemon.start(["--job", "dnsmasq=true", "--quiet", "0.2"])
        try daemon.program.line(with: "dnsmasq: done")
        #expect(daemon.state("causes", of: "dnsmasq") == "lease aa:bb:cc:dd:ee:ff: add 10.0.0.1 host")
    }

    @Test func needsAPlaceForTheLeases() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true"])
        let missing = try daemon.ask("--run-dir", "/nonexistent/leases", with: event("add"))
        #expect(missing.status == 73)
        #expect(missing.output.contains("/nonexistent/leases: can't make the folder: No such file or directory"))
        let full = try run(
            [
                "unshare", "-m", "sh", "-c",
                "mkdir $D && mount -t tmpfs -o size=4k,mode=700 none $D && head -c 4096 /dev/zero >$D/filler; \(Built.updater) --run-dir $D",
            ],
            environment: daemon.environment.merging(event("add")) { $1 }.merging(["D": daemon.scratch / "full"]) { $1 })
        #expect(full.status == 73)
        #expect(full.output.contains("No space left on device"), "\(full.output)")
        let readOnly = try run(
            [
                "unshare", "-m", "sh", "-c",
                "mkdir $D && mount -t tmpfs -o ro,mode=700 none $D; \(Built.updater) --run-dir $D",
            ], environment: daemon.environment.merging(event("add")) { $1 }.merging(["D": daemon.scratch / "ro"]) { $1 }
        )
        #expect(readOnly.status == 73)
        #expect(readOnly.output.contains("Read-only file system"), "\(readOnly.output)")
        #expect(daemon.state("requests", of: "dnsmasq") == "0")
    }

    /// 100 events of one client at once, each with its own address, must not overwrite each other.
    @Test func concurrentEventsLoseNothing() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true", "--quiet", "600", "--max-wait", "0"])
        let all = try (1...100).map { number in
            try Program(
                [Built.updater],
                environment: daemon.environment.merging(
                    event("add", "aa:bb:cc:dd:ee:ff", "10.0.0.\(number)", "h\(number)")
                ) { $1 })
        }
        for updater in all { #expect(try updater.end() == 0) }
        let file = daemon.scratch / "leases/leases/aa:bb:cc:dd:ee:ff"
        let (addresses, names) = (recorded("address", in: file), recorded("hostname", in: file))
        #expect(Set(addresses) == Set((1...100).map { "10.0.0.\($0)" }))
        #expect(
            names.count == 100 && zip(addresses, names).allSatisfy { $0.split(separator: ".").last! == $1.dropFirst() })
        try daemon.ask("flush")
        try daemon.program.line(with: "dnsmasq: done")
        #expect(daemon.state("requests", of: "dnsmasq") == "100")
        #expect(daemon.state("runs", of: "dnsmasq") == "1")
    }

    @Test func undoesIgnoredSignals() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true"])
        // The updater can be looked at while it waits for the lock of the leases.
        try run(["mkdir", "-m", "700", daemon.scratch / "leases"])
        let file = linux_open(daemon.scratch.write("leases/lock", ""), O_RDWR, 0)
        defer { close(file) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        #expect(linux_lock(file, F_SETLK, &lock) == 0)
        let updater = try Program(
            ["env", "--ignore-signal=INT,QUIT,PIPE,ALRM,TERM,HUP,CHLD", Built.updater],
            environment: daemon.environment.merging(event("add")) { $1 })
        // SIGPIPE stays ignored.
        try eventually("the signals are undone") {
            let status = contents("/proc/\(updater.process)/status") ?? ""
            return status.contains("Name:\tcname-updater") && status.contains("SigIgn:\t0000000000001000")
        }
        updater.signal(SIGTERM)
        #expect(try updater.end() == 128 + SIGTERM)
    }

    @Test(arguments: [["frobnicate"], ["--frobnicate"], ["request", "a", "b"], ["--run-dir"]])
    func refusesWrongCalls(words: [String]) throws {
        let called = try run([Built.updater] + words)
        #expect(called.status == 64)
        #expect(!called.output.contains("\n"))
    }

    @Test func helps() throws {
        let help = try run([Built.updater, "--help"])
        #expect(help.status == 0)
        #expect(help.output.hasPrefix("usage: cname-updater"))
        #expect(help.output.split(separator: "\n").allSatisfy { $0.utf8.count <= 120 })
    }
}
