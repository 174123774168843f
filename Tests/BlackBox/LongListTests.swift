import TestSupport
import Testing

/// An ad blocker's list in the conf-dir, which is read to see whether it has a CNAME of an alias's name.
@Suite(.ownThread) struct LongListTests {
    /// - Returns: The peak memory of an event that changes the alias, in KB.
    private func peak(ofList lines: Int, lengthOfLast length: Int) throws -> Int {
        let scratch = Scratch()
        let script = """
            mkdir -p $D/conf
            yes 'address=/an-advertisement.example.com/' | head -n \(lines) >$D/conf/list
            { printf 'address=/'; head -c \(length) /dev/zero | tr '\\0' x; printf '/\\ncname=m,x\\n'; } >>$D/conf/list
            exec busybox time -v \(Built.updater)
            """
        let place = "config updater\noption confdir \(scratch / "conf")\noption domain lan\n"
        scratch.write("config", place + "config cname 'm'\nlist target 'a'\nconfig cname 'n'\nlist target 'a'\n")
        let called = try run(
            ["sh", "-c", script],
            environment: [
                "D": scratch.path, "DEBOUNCED_CONFIG": scratch / "config", "DEBOUNCED_RUN_DIR": scratch / "run",
                "CNAME_UPDATER_RUN_DIR": scratch / "updater",
            ].merging(variables("add", "02:77:00:00:00:00", "10.77.0.2", "a")) { $1 })
        #expect(called.status == 0, "\(called.output)")
        let line = called.output.split(separator: "\n").first { $0.contains("Maximum resident set size") } ?? ""
        let kilobytes = try #require(Int(line.split(separator: " ").last ?? ""), "\(called.output)")
        let cname = "\(scratch / "conf/list"):\(lines + 2)"
        let fragment = "#m is left out: 'm' is a CNAME at \(cname)\ncname=n,n.lan,a.lan"
        #expect(contents(scratch / "conf/cname-updater.conf") == fragment)
        return kilobytes
    }

    @Test func takesNoMoreMemoryThanAShortOne() throws {
        let short = try peak(ofList: 1, lengthOfLast: 1)
        let long = try peak(ofList: 200_000, lengthOfLast: 1_000_000)
        #expect(long < short + 2000, "\(short) and \(long) KB")
    }
}
