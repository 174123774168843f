import TestSupport
import Testing

/// What the init script tells procd, under busybox `ash`.
@Suite struct InitScriptTests {
    private func call(_ action: String) throws -> [String] {
        let called = try run([
            Router.scripts + "/rc.common", Built.repository + "/init.d/debounced", action,
        ])
        #expect(called.status == 0, "\(called.output)")
        return called.output.split(separator: "\n").map(String.init)
    }

    @Test(arguments: ["start", "reload", "boot"])
    func startsWhatProcdNeeds(action: String) throws {
        #expect(
            try call(action) == [
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
                "procd_add_reload_trigger\tdebounced",
            ])
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
