import TestSupport
import Testing

/// What the init script tells procd, under busybox `ash`.
@Suite struct InitScriptTests {
    /// - Parameter settings: Of `/etc/config/debounced`; nil if there is no such file.
    private func call(_ action: String, settings: String? = nil) throws -> [String] {
        let scratch = Scratch()
        if let settings { scratch.write("debounced", settings) }
        let called = try run(
            [Router.scripts + "/rc.common", Built.repository + "/init.d/debounced", action],
            environment: ["UCI_CONFIG_DIR": scratch.path])
        #expect(called.status == 0, "\(called.output)")
        return called.output.split(separator: "\n").map(String.init)
    }

    private static let daemon = [
        "procd_open_instance",
        // No argument: with reload_signal set, procd would leave the old ones in force.
        "procd_set_param\tcommand\t/usr/sbin/debounced",
        "procd_set_param\tfile\t/etc/config/debounced",
        "procd_set_param\treload_signal\tHUP",
        "procd_set_param\trespawn\t3600\t5\t0",
        "procd_set_param\tterm_timeout\t65",
        "procd_set_param\tstdout\t1",
        "procd_set_param\tstderr\t1",
        "procd_close_instance",
    ]
    private static let watch = [
        "procd_open_instance\twatch",
        "procd_set_param\tcommand\t/usr/sbin/cname-updater\twatch",
        "procd_set_param\tfile\t/etc/config/debounced",
        "procd_set_param\trespawn\t3600\t5\t0",
        "procd_set_param\tstdout\t1",
        "procd_set_param\tstderr\t1",
        "procd_close_instance",
    ]
    private static let triggers = ["procd_add_reload_trigger\tdebounced"]

    @Test(arguments: ["start", "reload", "boot"])
    func startsWhatProcdNeeds(action: String) throws {
        #expect(try call(action) == Self.daemon + Self.triggers)
        let settings = try #require(contents(Built.repository + "/init.d/debounced.config"))
        #expect(try call(action, settings: settings) == Self.daemon + Self.triggers)
        #expect(
            try call(action, settings: settings + "\nconfig cname 'a'\n\tlist target 'b'\n\toption probe '1'\n")
                == Self.daemon + Self.watch + Self.triggers)
    }

    @Test(arguments: [
        ("", false),
        ("config cname a\n list target b\n list target c\n", false),
        ("config cname a\n option probe 0\n", false),
        ("config cname a\n option probe off\n", false),
        ("config cname a\n option probe maybe\n", false),
        ("config job probe\n option probe 1\n", false),
        ("config cname a\n option probe on\n", true),
        ("config cname\n option probe 1\n", true),
        ("config cname a\n option probe 1\nconfig cname b\n option probe 0\n", true),
        ("config cname a\nconfig cname b\n option probe 1\nconfig cname c\n", true),
    ])
    func watchesOnlyWhatAsksForIt(settings: String, watches: Bool) throws {
        #expect(
            try call("start", settings: settings) == Self.daemon + (watches ? Self.watch : []) + Self.triggers)
    }

    @Test func stops() throws {
        #expect(try call("stop") == ["procd_kill\tdebounced"])
    }

    /// dnsmasq has START=19.
    @Test func comesBeforeDnsmasqAndGoesAfterIt() throws {
        #expect(try call("enable") == ["START=18 STOP=95"])
    }

    @Test func theDefaultSettingsAreTheBuiltInOnes() throws {
        let file = Built.repository + "/init.d/debounced.config"
        let written = try run([Built.debounced, "check", "--config", file])
        let builtIn = try run([Built.debounced, "check", "--config", "/nonexistent"])
        #expect(written.status == 0)
        #expect("# no file /nonexistent: the built-in settings\n" + written.output == builtIn.output)
    }
}
