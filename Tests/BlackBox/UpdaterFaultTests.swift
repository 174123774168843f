import TestSupport
import Testing

/// Each system call of a request fails in turn, with errnos from its manual page.
@Suite(.ownThread) struct UpdaterFaultTests {
    /// A call of `cname-updater` and its preparation, in a folder `place` of its own.
    struct Call: CustomTestStringConvertible {
        let testDescription: String
        let words: [String]
        let variables: [String: String]
        /// Commands that run in the place beforehand.
        let before: String
        let cause: String
        /// The file of the lease, and the host name in it after the event.
        let recorded: (path: String, name: String?)?
        /// More settings: aliases.
        let aliases: String

        init(
            _ what: String, _ words: [String] = [], event: [String] = [], before: String = "", cause: String,
            recorded: (String, String?)? = nil, aliases: String = ""
        ) {
            testDescription = what
            self.words = words
            variables = Dictionary(uniqueKeysWithValues: zip(["ACTION", "MACADDR", "IPADDR", "HOSTNAME"], event))
            self.before = before
            self.cause = cause
            self.recorded = recorded
            self.aliases = aliases
        }
    }

    private static let client = "aa:bb:cc:dd:ee:ff"
    private static let anEvent =
        "env ACTION=add MACADDR=\(client) IPADDR=10.0.0.1 HOSTNAME=old \(Built.updater) && rm -r run/pending"

    static let calls: [Call] = [
        Call("the first request", ["request", "j"], cause: "manual"),
        Call(
            "a request when one waits that names many events", ["request", "j"],
            before: "mkdir -p -m 700 run/pending/j && head -c 3500 /dev/zero >run/pending/j/manual", cause: "manual"),
        Call(
            "a new lease", event: ["add", client, "10.0.0.1", "new"], cause: "lease",
            recorded: ("leases/\(client)", "new")),
        Call(
            "a changed lease", event: ["update", client, "10.0.0.1", "new"], before: anEvent, cause: "lease",
            recorded: ("leases/\(client)", "new")),
        Call(
            "a lease that is gone", event: ["remove", client, "10.0.0.1", "old"], before: anEvent, cause: "lease",
            recorded: ("leases/\(client)", nil)),
        Call(
            "an alias that leads elsewhere", event: ["add", client, "10.0.0.1", "new"], cause: "alias",
            aliases: "config cname m\n\tlist target new\n"),
    ]

    @Test(arguments: calls) func promisesNothingFalse(call: Call) throws {
        let scratch = Scratch()
        func environment(_ place: String) -> [String: String?] {
            call.variables.merging([
                "DEBOUNCED_RUN_DIR": "\(place)/run", "DEBOUNCED_CONFIG": "\(place)/config",
                "CNAME_UPDATER_RUN_DIR": "\(place)/leases",
            ]) { $1 }
        }
        let settings =
            "config job j\nconfig updater\n\toption domain lan\n\toption confdir $PWD/conf\n"
            + "\toption request \(call.aliases.isEmpty ? "lease" : "alias")\n" + call.aliases
        let configure = "cat >config <<END\n\(settings)END"
        let before = "mkdir before; cd before; mkdir -m 700 run\n\(configure)\n\(call.before)"
        try run(["sh", "-ec", "cd \(scratch.path); \(before)"], environment: environment("."))
        func copy(to names: String) throws {
            let loop = "for name in \(names); do cp -a before $name; cd $name\n\(configure)\ncd ..; done"
            try run(["sh", "-ec", "cd \(scratch.path); \(loop)"])
        }
        try copy(to: "sound")

        // A call without a failure shows the system calls.
        let trace = scratch / "trace"
        let sound = try run(
            ["strace", "-o", trace, Built.updater] + call.words, environment: environment(scratch / "sound"))
        #expect(sound.status == 0, "\(sound.output)")
        var injections: [Injection] = []
        var counts: [String: Int] = [:]
        var isStarted = false
        for line in contents(trace)!.split(separator: "\n") {
            let name = String(line.prefix { $0 != "(" })
            counts[name, default: 0] += 1
            // Skips the dynamic loader's calls: the program's first calls are about signals.
            isStarted = isStarted || line.hasPrefix("rt_sigaction(SIGHUP, {sa_handler=SIG_DFL")
            guard isStarted, Injection.errors(of: name) != nil else { continue }
            // A look at a descriptor's flags can't fail.
            if line.contains("F_GET") || line.contains("F_SETFD") { continue }
            injections += Injection.some(name, counts[name]!).map {
                Injection(call: name, error: $0, when: "\(counts[name]!)")
            }
        }
        #expect(injections.count > 30)
        try copy(to: "$(seq \(injections.count))")

        var rest = injections.enumerated().map { ($0 + 1, $1) }[...]
        while !rest.isEmpty {
            let batch = rest.prefix(4)
            rest = rest.dropFirst(4)
            let programs = try batch.map { number, injection in
                try Program(
                    injection.tracer + [Built.updater] + call.words, environment: environment(scratch / "\(number)"))
            }
            for ((number, injection), program) in zip(batch, programs) {
                let status = try program.end()
                let place = scratch / "\(number)"
                let comment: Comment = "\(injection): status \(status), \(program.log)"
                #expect([0, 71, 73, 78].contains(status), comment)
                if injection.error == "EINTR" { #expect(status == 0, comment) }
                if status != 0 { #expect(program.log.last?.hasPrefix("cname-updater: ") == true, comment) }
                let isPending = !pendingRequests(for: "j", call.cause, in: "\(place)/run").isEmpty
                if status == 0 { #expect(isPending, comment) }
                if let (path, name) = call.recorded {
                    // The next event does not repeat a recorded change.
                    let isRecorded = recorded("hostname", in: "\(place)/leases/\(path)") == (name.map { [$0] } ?? [])
                    if isRecorded { #expect(isPending, comment) }
                    if status == 0 { #expect(isRecorded, comment) }
                }
                if call.cause == "alias" {
                    func fragment() -> String { contents("\(place)/conf/cname-updater.conf") ?? "" }
                    let state = try run(["sh", "-c", "cat \(place)/leases/reconcile/state.* 2>&1"]).output
                    #expect(fragment() == "" || isPending || state.contains("\nchanging"), comment)
                    #expect(try run([Built.updater], environment: environment(place)).status == 0, comment)
                    #expect(fragment() == "cname=m,m.lan,new.lan", comment)
                    #expect(!pendingRequests(for: "j", "alias", in: "\(place)/run").isEmpty, comment)
                }
            }
        }
    }

    /// A daemon without the notification would keep a promise only after the next request.
    @Test func whoIsToldThatItRunsIsHeard() throws {
        let daemon = try Daemon(starts: false)
        let log = daemon.scratch / "log"
        daemon.scratch.write(
            "config", "config job j\noption command 'echo ran >>\(log)'\noption quiet 0\noption max_interval 0\n")
        try daemon.start()
        var promised = 0
        for call in ["openat", "open", "newfstatat", "lstat", "fstat", "write", "close"] {
            for error in Injection.errors(of: call)! {
                let before = lineCount(log)
                let injection = Injection(call: call, error: error, when: "1", path: daemon.fifo)
                let asked = try run(
                    injection.tracer + [Built.updater, "request", "j"], environment: daemon.environment)
                let comment: Comment = "\(injection): \(asked)"
                #expect([0, 71, 73].contains(asked.status), comment)
                if error == "EINTR" { #expect(asked.status == 0, comment) }
                if asked.status == 0 {
                    promised += 1
                    try eventually("\(injection): it runs") { lineCount(log) > before }
                    try daemon.program.line(with: "j: done")
                }
            }
        }
        #expect(promised >= 3)
    }
}
