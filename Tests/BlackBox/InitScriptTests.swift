import TestSupport
import Testing

/// The init script's calls of procd, under busybox `ash`.
@Suite(.ownThread) struct InitScriptTests {
    /// - Parameter dhcp: The text of `/etc/config/dhcp`; nil without the file.
    /// - Parameter watches: Whether there is anything to watch.
    /// - Parameter fault: The output of the program that is called with `failing`; nil without a fault.
    /// - Parameter remark: The output of `debounced check` on usable settings.
    /// - Parameter logged: The expected calls of logger(1).
    /// - Parameter dnsmasq: dnsmasq's own init script.
    /// - Parameter programs: The programs that are installed.
    private func call(
        _ action: String, _ words: String..., dhcp: String? = nil, dnsmasq: String = "", watches: Bool = false,
        fault: String? = nil, failing: String = "check", remark: String? = nil, status: Int32 = 0,
        logged: [String] = [], programs: [String] = ["debounced", "cname-updater"]
    ) throws -> [String] {
        let scratch = Scratch()
        if let dhcp { scratch.write("dhcp", dhcp) }
        try run(["mkdir", "-p", scratch / "etc/init.d"])
        scratch.write("etc/init.d/dnsmasq", dnsmasq)
        // Replaces our programs by scripts that print their calls.
        try run(["mkdir", scratch / "bin"])
        for program in programs {
            let check =
                fault.map { "[ \"$1\" != \(failing) ] || { echo '\($0)' >&2; exit 78; }" }
                ?? remark.map { "[ \"$1\" != check ] || echo '\($0)' >&2" } ?? ""
            let needed = "[ \"$*\" != 'watch --needed' ] || exit \(watches ? 0 : 1)"
            scratch.write("bin/\(program)", "#!/bin/sh\n\(check)\n\(needed)\necho \"${0##*/} $*\"\n", mode: 0o755)
        }
        let log = scratch / "log"
        // This logger(1) logs its input, unless words follow its options.
        scratch.write(
            "bin/logger",
            "#!/bin/sh\ncase $* in *daemon.err) sed \"s/^/$*: /\" ;; *) echo \"$*\" ;; esac >>\(log)\n", mode: 0o755)
        let called = try run(
            [Router.scripts + "/rc.common", Built.repository + "/init.d/debounced", action] + words,
            environment: [
                "UCI_CONFIG_DIR": scratch.path, "IPKG_INSTROOT": scratch.path,
                "PATH": "\(scratch / "bin"):/usr/sbin:/usr/bin:/sbin:/bin",
            ])
        #expect(called.status == status, "\(called.output)")
        #expect((contents(log) ?? "").split(separator: "\n").map(String.init) == logged)
        return called.output.split(separator: "\n").map(String.init)
    }

    private static let daemon = [
        "procd_open_instance",
        // The command has no arguments: procd keeps old arguments in force if reload_signal is set.
        "procd_set_param\tcommand\t/usr/sbin/debounced",
        "procd_set_param\trespawn\t3600\t5\t0",
        "procd_set_param\tstdout\t1",
        "procd_set_param\tstderr\t1",
        "procd_set_param\tfile\t/etc/config/debounced\t/var/run/uci/debounced\t/etc/cname_mappings",
        "procd_set_param\treload_signal\tHUP",
        "procd_set_param\tterm_timeout\t65",
        "procd_close_instance",
    ]
    private static let watch = [
        "procd_open_instance\twatch",
        "procd_set_param\tcommand\t/usr/sbin/cname-updater\twatch",
        "procd_set_param\trespawn\t3600\t5\t0",
        "procd_set_param\tstdout\t1",
        "procd_set_param\tstderr\t1",
        "procd_close_instance",
    ]
    private static let triggers = ["procd_add_reload_trigger\tdebounced\tdhcp"]

    /// `apply` comes first even if the settings are faulty: a clashing alias would keep dnsmasq from starting.
    @Test func reloadsAllOrNothing() throws {
        #expect(try call("reload") == ["cname-updater apply"] + Self.daemon + Self.triggers)
        let logged = ["-t debounced -p daemon.err: FILE:1: wrong"]
        #expect(
            try call("reload", fault: "FILE:1: wrong", status: 1, logged: logged)
                == ["cname-updater apply", "FILE:1: wrong"])
    }

    /// The terminal shows each fault once, and so does the log, since procd's triggers and LuCI have no terminal.
    @Test func aReloadThatFailsIsLogged() throws {
        let two = ["FILE:1: wrong", "FILE:2: wrong"]
        #expect(
            try call(
                "reload", fault: two.map { "debounced: " + $0 }.joined(separator: "\n"), status: 1,
                logged: two.map { "-t debounced -p daemon.err: " + $0 })
                == ["cname-updater apply"] + two.map { "debounced: " + $0 })
        let fault = "cname-updater: FOLDER: is a file"
        #expect(
            try call("reload", fault: fault, failing: "apply", logged: ["-t debounced -p daemon.err: " + fault])
                == [fault] + Self.daemon + Self.triggers)
        // The daemon itself logs a remark when it reads its settings again.
        #expect(
            try call("reload", remark: "a remark") == ["cname-updater apply", "a remark"] + Self.daemon + Self.triggers)
    }

    @Test func hasCommandsOfItsOwn() throws {
        #expect(try call("status") == ["debounced status"])
        #expect(try call("check") == ["cname-updater check"])
        #expect(try call("flush") == ["cname-updater flush"])
        #expect(try call("flush", "other") == ["cname-updater flush other"])
        #expect(try call("frobnicate", status: 1) == ["rc.common: unknown action: frobnicate"])
    }

    @Test(arguments: ["start", "boot"])
    func startsWhatProcdNeeds(action: String) throws {
        #expect(try call(action) == Self.daemon + Self.triggers)
        #expect(try call(action, watches: true) == Self.daemon + Self.watch + Self.triggers)
    }

    /// The conf-dir of each instance of dnsmasq, as its init script will render it.
    @Test func preparesWhatDnsmasqIsToFindAtABoot() throws {
        let dhcp = """
            config dnsmasq
                option domain lan
            config dnsmasq 'guest'
                option domain guest
            config dnsmasq 'own'
                option confdir '/tmp/own,*.conf'
            config dhcp 'lan'
                option confdir '/tmp/no'

            """
        #expect(
            try call("boot", dhcp: dhcp)
                == ["cfg1", "guest"].map { "cname-updater prepare /tmp/dnsmasq.\($0).d" }
                + ["cname-updater prepare /tmp/own"] + Self.daemon + Self.triggers)
        // OpenWrt's own lines, until 24.10 and since.
        for (line, folder) in [
            ("config_get dnsmasqconfdir \"$cfg\" confdir \"/tmp/dnsmasq.d\"", "/tmp/dnsmasq.d"),
            ("config_get dnsmasqconfdir \"$cfg\" confdir \"/tmp/dnsmasq${cfg:+.$cfg}.d\"", "/tmp/dnsmasq.guest.d"),
        ] {
            let prepared = try call("boot", dhcp: "config dnsmasq guest\n", dnsmasq: line + "\n")
            #expect(prepared.first == "cname-updater prepare \(folder)")
        }
    }

    @Test func stops() throws {
        #expect(try call("stop") == ["procd_kill\tdebounced"])
    }

    /// An upgrade of OpenWrt may keep /etc without the programs. procd would try a missing program every 5 s for ever.
    @Test(arguments: [[], ["debounced"], ["cname-updater"]])
    func startsNothingWithoutBothPrograms(programs: [String]) throws {
        for action in ["start", "boot", "reload", "restart"] {
            let called = try call(
                action, dhcp: "config dnsmasq guest\n", watches: true,
                logged: ["-st debounced not installed, so not started"], programs: programs)
            #expect(called == (action == "restart" ? ["procd_kill\tdebounced"] : []) + Self.triggers)
        }
        #expect(try call("stop", programs: programs) == ["procd_kill\tdebounced"])
        #expect(try call("enable", programs: programs) == ["START=18 STOP=95"])
    }

    /// dnsmasq has START=19.
    @Test func comesBeforeDnsmasqAndGoesAfterIt() throws {
        #expect(try call("enable") == ["START=18 STOP=95"])
    }

    /// The comments of the shipped file show the built-in settings, so removing the comment marks changes nothing.
    @Test func theDefaultSettingsAreTheBuiltInOnes() throws {
        let shipped = try #require(contents(Built.repository + "/init.d/debounced.config"))
        let lines = shipped.split(separator: "\n")
        // These two options and the alias are examples, without a built-in value.
        let examples = ["#option confdir ", "#option domain "]
        let unmarked = lines.prefix { $0 != "#config cname 'maxwell'" }.map { line in
            line.hasPrefix("\t#option ") && !examples.contains { line.hasPrefix("\t" + $0) }
                ? line.filter { $0 != "#" } : String(line)
        }
        #expect(unmarked.count < lines.count)
        let scratch = Scratch()
        scratch.write("unmarked", unmarked.joined(separator: "\n") + "\n")
        let builtIn = try run([Built.debounced, "check"], environment: ["DEBOUNCED_CONFIG": "/nonexistent"])
        for file in [Built.repository + "/init.d/debounced.config", scratch / "unmarked"] {
            let checked = try run([Built.debounced, "check", "--config", file])
            #expect(checked.status == 0)
            #expect("# no file /nonexistent: the built-in settings\n" + checked.output == builtIn.output)
        }
        // The shipped file has each option.
        let options = builtIn.output.split(separator: "\n").filter { $0.hasPrefix("\toption ") }
        #expect(options.count == unmarked.filter { $0.hasPrefix("\toption ") }.count)
        #expect(!shipped.contains("\n\toption "))
    }

    /// The shipped file without its comment marks has an alias.
    @Test func theExamplesOfTheDefaultSettingsCanBeUsed() throws {
        let shipped = try #require(contents(Built.repository + "/init.d/debounced.config"))
        let marks = ["#config ", "\t#option ", "\t#list "]
        let unmarked = shipped.split(separator: "\n").map { line in
            marks.contains { line.hasPrefix($0) } ? line.filter { $0 != "#" } : String(line)
        }
        let scratch = Scratch()
        scratch.write("unmarked", unmarked.joined(separator: "\n") + "\n")
        let checked = try run([Built.debounced, "check", "--config", scratch / "unmarked"])
        #expect(checked.status == 0, "\(checked.output)")
        #expect(checked.output.contains("option domain 'lan'"))
        #expect(checked.output.contains("list target 'maxwell-arch-wifi maxwell-arch'"))
    }
}
