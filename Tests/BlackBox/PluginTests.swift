import CLinux
import TestSupport
import Testing

/// rpcd's way to the programs: `Sources/router/rpcd/dhcp-hook`, in the shells that it has to work in.
@Suite(.ownThread) struct PluginTests {
    static let plugin = Built.repository + "/Sources/router/rpcd/dhcp-hook"
    static let shells = ["dash", "busybox ash"]

    /// - Parameters:
    ///   - path: The folder of the programs.
    ///   - system: The folders of all other commands.
    private func call(
        _ shell: String, _ words: [String], input: String = "", path: String = Built.folder,
        system: String = "/usr/sbin:/usr/bin:/sbin:/bin", _ environment: [String: String?] = [:]
    ) throws -> (status: Int32, output: String) {
        let scratch = Scratch()
        let file = scratch.write("input", input)
        // rpcd passes the input by a pipe, too.
        return try run(
            ["sh", "-c", "file=$1; shift; cat $file | \(shell) \(Self.plugin) \"$@\"", "sh", file] + words,
            environment: environment.merging(["PATH": "\(path):\(system)"]) { $1 })
    }

    @Test(arguments: shells) func saysWhichMethodsThereAre(shell: String) throws {
        let listed = try call(shell, ["list"])
        #expect(listed.status == 0)
        let methods = try run(["sh", "-c", "printf %s \"$0\" | jq -c 'to_entries[] | [.key, .value]'", listed.output])
        #expect(
            methods.output == """
                ["status",{}]
                ["aliases",{}]
                ["presence",{}]
                ["leases",{}]
                ["check",{}]
                ["request",{"job":"str"}]
                ["flush",{"job":"str"}]
                ["cancel",{"job":"str"}]
                """)
    }

    @Test(arguments: shells) func hasTheProgramsAnswer(shell: String) throws {
        let daemon = try Daemon(["--job", "j=true", "--quiet", "600"])
        let session = "\"ubus_rpc_session\":\"00000000000000000000000000000000\""
        func ask(_ method: String, _ input: String, _ form: String? = nil, in program: String = "cname-updater") throws
            -> String
        {
            let answer = try call(shell, ["call", method], input: input, daemon.environment)
            #expect(answer.status == 0)
            let checked = try shape(
                of: answer.output, form ?? "`\(program) \(method) --json`", in: form == nil ? program : "debounced")
            #expect(checked.status == 0, "\(method): \(answer.output)\n\(checked.output)")
            return answer.output
        }
        #expect(try ask("status", "{}", in: "debounced").contains("\"job\":\"j\",\"state\":\"idle\""))
        _ = try ask("leases", "{\(session)}")
        _ = try ask("aliases", "")
        _ = try ask("presence", "{\(session)}")
        _ = try ask("check", "{\(session)}")
        #expect(try ask("request", "{\"job\":\"j\",\(session)}").contains("\"status\":0,"))
        try eventually("it waits") { daemon.state("state") == "waiting" }
        #expect(try ask("cancel", "{\(session),\"job\":\"j\"}", shapeOfFailure).contains("\"status\":0,"))
        try eventually("it is forgotten") { daemon.state("state") == "idle" }
        _ = try ask("request", "{\"job\":\"j\"}")
        #expect(try ask("flush", "{\"job\":\"j\"}\n", shapeOfFailure).contains("\"status\":0,"))
        try daemon.program.line(with: "j: done")
        #expect(try ask("flush", "{\"job\":\"k\"}", shapeOfFailure).contains("no job 'k', there are: j"))
        #expect(try ask("restart", "{}", shapeOfFailure).contains("\"status\":64,"))
        daemon.program.signal(SIGTERM)
        try daemon.program.end()
        #expect(try ask("status", "{}", shapeOfFailure).contains("\"status\":69,"))
    }

    /// Any input calls a program with the name of a job behind `--`, or calls no program.
    @Test(arguments: shells) func nothingButAJobGetsThrough(shell: String) throws {
        let scratch = Scratch()
        scratch.write("cname-updater", "#!/bin/sh\necho \"$*\" >>\(scratch / "calls")\necho '{}'\n", mode: 0o755)
        let long = String(repeating: "a", count: 1_000_000)
        let hostile = [
            "", "{}", "null", "{\"job\":5}", "{\"job\":null}", "{\"job\":[\"j\"]}", "{\"job\":{\"job\":5}}",
            "{\"job\":\"\"}",
            "{\"job\":\"--config\"}", "{\"job\":\"-x\"}", "{\"job\":\"j k\"}", "{\"job\":\"j;id\"}",
            "{\"job\":\"$(id)\"}",
            "{\"job\":\"`id`\"}", "{\"job\":\"../x\"}", "{\"job\":\"/etc/shadow\"}", "{\"job\":\"*\"}",
            "{\"job\":\"j\\nk\"}",
            "{\"job\":\"j\\u0000\"}", "{\"job\":\"j\\\"}", "{\"job\":\"\u{E9}\"}", "{\"job\":\"j", "{\"job\":\"j\"",
            "{\"Job\":\"j\"}", "{\"x\":\"\\\",\\\"job\\\":\\\"j\\\"}\"}", "\"job\":\"j\"", "{\"job\":\"\(long)\"}",
            "{\"x\":\"\(long)\",\"job\":\"j\"}", long, String(repeating: "{\"job\":", count: 100_000),
            "\n{\"job\":\n\"j\"}",
            "%s%n", "\u{1}{\"job\":\"%d\"}",
        ]
        for method in ["request", "flush", "cancel"] {
            for input in hostile {
                let answer = try call(shell, ["call", method], input: input, path: scratch.path)
                #expect(answer.status == 0)
                #expect(
                    answer.output.contains("\"status\":64,\"text\":\"a job is wanted"), "\(input.prefix(50)): \(answer)"
                )
            }
        }
        for words in [
            ["call"], [], ["call", "--help"], ["call", "$(id)"], ["call", "request; id"], ["frobnicate", "status"],
        ] {
            let answer = try call(shell, words, input: "{\"job\":\"j\"}", path: scratch.path)
            #expect(answer.output.contains("\"status\":64,\"text\":\"no such method"), "\(words): \(answer)")
        }
        #expect(!exists(scratch / "calls"))
        _ = try call(shell, ["call", "cancel"], input: "{\"job\":\"Aa_9\"}", path: scratch.path)
        _ = try call(shell, ["call", "check"], input: "{\"job\":\"j\"}", path: scratch.path)
        #expect(contents(scratch / "calls") == "cancel --json -- Aa_9\ncheck --json")
    }

    @Test(arguments: shells) func aProgramThatIsNotThereIsSaid(shell: String) throws {
        // The machine may have our programs, so the path has only the plugin's tools.
        let tools = Scratch()
        try run(["sh", "-ec", "ln -s $(which busybox cat cut dash dd) \(tools.path)"])
        #expect(
            try call(shell, ["call", "aliases"], path: tools.path, system: tools.path).output.hasSuffix(
                "\"cname-updater can't be run\",\"run\":null}"))
        #expect(try run(["sh", "-c", "wc -c <\(Self.plugin)"]).output.count <= 4, "at most 2 KB")
    }
}
