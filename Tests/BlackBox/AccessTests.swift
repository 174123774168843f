import TestSupport
import Testing

/// The run directories are root's alone. The unprivileged user is `nobody`.
@Suite(.ownThread) struct AccessTests {
    private static let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    private func asNobody(
        _ words: [String], environment: [String: String?] = [:]
    ) throws -> (status: Int32, output: String) {
        try run(AccessTests.nobody + words, environment: environment)
    }

    /// Everything below a folder: kinds, modes, owners, sizes, names and contents.
    private func everything(in folder: String) throws -> String {
        try run([
            "sh", "-c", "cd \(folder) && find . -printf '%y %m %U %s %p %l\\n' | sort; find . -type f -exec cat {} +",
        ]).output
    }

    @Test func anotherUserSeesAndWritesNothing() throws {
        let daemon = try Daemon(["--job", "dnsmasq=true", "--quiet", "600"])
        // The run directories keep the user out; their parent folder is open.
        try run(["chmod", "755", daemon.scratch.path])
        let client = "aa:bb:cc:dd:ee:ff"
        let event = ["ACTION": "add", "MACADDR": client, "IPADDR": "10.0.0.1", "HOSTNAME": "host"]
        #expect(try daemon.ask(with: event).status == 0)
        try eventually("it waits") { daemon.state("state", of: "dnsmasq") == "waiting" }

        let files = [
            "run", "run/lock", "run/pending", "run/pending/dnsmasq", "run/pending/dnsmasq/lease.\(client)", "run/jobs",
            "run/jobs/dnsmasq", "run/jobs/dnsmasq/all", "leases", "leases/lock", "leases/leases",
            "leases/leases/\(client)", "run/settings",
        ]
        for file in files {
            let path = daemon.scratch / file
            #expect(try run(["test", "-e", path]).status == 0, "\(file)")
            let read = try asNobody([exists(path + "/.") ? "ls" : "cat", path])
            #expect(read.status != 0 && read.output.contains("Permission denied"), "\(file): \(read)")
            #expect(try asNobody(["test", "-w", path]).status != 0, "\(file)")
        }
        for path in [daemon.run, daemon.scratch / "leases"] {
            #expect(try run(["stat", "-c", "%a %U", path]).output == "700 root")
        }
        #expect(try run(["stat", "-c", "%a %U %F", daemon.fifo]).output == "600 root fifo")

        let before = try everything(in: daemon.scratch.path)
        let line = try asNobody(["sh", "-c", "echo 'request dnsmasq' >\(daemon.fifo)"])
        #expect(line.status != 0 && line.output.contains("Permission denied"), "\(line)")
        for words in [["request"], ["request", "dnsmasq"], ["flush"], ["cancel"]] {
            let called = try asNobody([Built.updater] + words, environment: daemon.environment)
            #expect(called.status == 73, "\(words): \(called)")
            #expect(called.output.contains("\(daemon.run): is a folder of user 0, not a folder of ours"), "\(called)")
        }
        let other = event.merging(["HOSTNAME": "other"]) { $1 }
        let recorded = try asNobody([Built.updater], environment: daemon.environment.merging(other) { $1 })
        #expect(recorded.status == 73 && recorded.output.contains("not a folder of ours"), "\(recorded)")
        let status = try asNobody([Built.debounced, "status"], environment: daemon.environment)
        #expect(status.status == 73 && status.output.contains("not a folder of ours"), "\(status)")
        let second = try asNobody([Built.debounced, "--job", "j=true"], environment: daemon.environment)
        #expect(second.status == 73, "\(second)")
        #expect(try everything(in: daemon.scratch.path) == before)
        #expect(daemon.state("requests", of: "dnsmasq") == "1")
    }

    /// Plants that another user makes in the place of a run directory, in a folder like /tmp. `victim` is root's, and
    /// the plants lead there.
    private static let plants = [
        "ln -s ../victim PLANT", "ln -s ../missing PLANT", "mkfifo -m 666 PLANT", "mkdir -m 777 PLANT",
        "mkdir -m 755 PLANT", "echo keep >PLANT",
        "mkdir -m 777 PLANT; ln -s ../../victim PLANT/pending; ln -s ../../victim PLANT/jobs; ln -s ../../victim PLANT/leases",
        "mkdir PLANT PLANT/pending PLANT/jobs; ln -s ../../../victim/pending/j PLANT/pending/j; ln -s ../../../victim/jobs/j PLANT/jobs/j",
    ]

    @Test(arguments: plants) func takesNoPlantedRunDirectory(plant: String) throws {
        let scratch = Scratch()
        scratch.write("config", "config job j\n\toption quiet 0\n")
        try run([
            "sh", "-ec",
            """
            chmod 755 \(scratch.path); cd \(scratch.path); umask 22; mkdir -m 1777 shared
            mkdir -p victim/pending/j victim/jobs/j victim/leases victim/new
            for name in pending/j/manual pending/j/lease manual lease lock new/address; do echo keep >victim/$name; done
            mkfifo -m 600 victim/fifo
            """,
        ])
        for name in ["run", "leases"] {
            let script = "cd \(scratch / "shared"); " + plant.split(separator: "PLANT").joined(separator: name)
            #expect(try asNobody(["sh", "-ec", plant.hasSuffix("PLANT") ? script + name : script]).status == 0)
        }
        let places: [String: String?] = [
            "DEBOUNCED_CONFIG": scratch / "config", "DEBOUNCED_RUN_DIR": scratch / "shared/run",
            "CNAME_UPDATER_RUN_DIR": scratch / "shared/leases",
        ]
        let before = try everything(in: scratch.path)
        func refuses(_ words: [String], _ environment: [String: String?], _ place: String) throws {
            let called = try run(words, environment: environment)
            #expect(called.status == 73, "\(words): \(called)")
            let path = "\(scratch / "shared")/\(place): "
            #expect(called.output.contains(path), "\(words): \(called)")
            #expect(called.output.contains("not a folder of ours"), "\(words): \(called)")
            #expect(try everything(in: scratch.path) == before, "\(words)")
        }
        try refuses([Built.debounced], places, "run")
        try refuses([Built.debounced, "status"], places, "run")
        for verb in ["request", "flush", "cancel"] { try refuses([Built.updater, verb, "j"], places, "run") }
        let event = ["ACTION": "add", "MACADDR": "aa:bb:cc:dd:ee:ff", "IPADDR": "10.0.0.1", "HOSTNAME": "host"]
        try refuses([Built.updater], places.merging(event) { $1 }, "run")
        let ownRun = places.merging(event) { $1 }.merging(["DEBOUNCED_RUN_DIR": scratch / "own"]) { $1 }
        let refused = try run([Built.updater], environment: ownRun)
        #expect(refused.status == 73 && refused.output.contains("shared/leases: "), "\(refused)")
        #expect(
            pendingRequests(for: "j", "lease", in: scratch / "own").isEmpty, "what can't be recorded is not asked for")
        try run(["rm", "-r", scratch / "own"])
        #expect(try everything(in: scratch.path) == before)
        let ownLeases = places.merging(event) { $1 }.merging(["CNAME_UPDATER_RUN_DIR": scratch / "own"]) { $1 }
        let called = try run([Built.updater], environment: ownLeases)
        #expect(called.status == 73 && called.output.contains("shared/run: "), "\(called)")
        #expect(!exists(scratch / "own"), "no lease is recorded if its request is refused")
        #expect(try everything(in: scratch.path) == before)
    }

    /// su(1) may leave another user's XDG_RUNTIME_DIR.
    @Test func takesNobodyElsesRuntimeFolder() throws {
        let scratch = Scratch()
        try run(["chmod", "777", scratch.path])
        let variables: [String: String?] = [
            "XDG_RUNTIME_DIR": scratch.path, "DEBOUNCED_RUN_DIR": nil, "CNAME_UPDATER_RUN_DIR": "",
            "DEBOUNCED_CONFIG": "",
        ]
        for words in [
            [Built.debounced, "status"], [Built.debounced], [Built.updater, "request"], [Built.updater, "leases"],
        ] {
            let refused = try asNobody(words, environment: variables)
            #expect(refused.status == 73, "\(words): \(refused)")
            #expect(
                refused.output.contains("XDG_RUNTIME_DIR: \(scratch.path) is a folder of user 0, not ours"),
                "\(refused)")
        }
        #expect(try run(["ls", scratch.path]).output == "")
        // The user's own folder is accepted.
        try run(["mkdir", scratch / "own"])
        try run(["chown", "65534", scratch / "own"])
        let own = try asNobody(
            [Built.debounced, "status"], environment: variables.merging(["XDG_RUNTIME_DIR": scratch / "own"]) { $1 })
        #expect(own.status == 69 && own.output.contains("own/debounced: debounced is not running"), "\(own)")
    }

    /// The programs' files are private even under a folder that all users may write to.
    @Test func makesItsOwnInASharedFolder() throws {
        let daemon = try Daemon(starts: false)
        try run(["chmod", "1777", daemon.scratch.path])
        try daemon.start(["--job", "j=true", "--quiet", "0.1"])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "j: done")
        let run = daemon.run
        for words in [["mv", run, run + ".old"], ["rm", "-rf", run], ["chmod", "777", run]] {
            #expect(try asNobody(words).status != 0)
        }
        #expect(daemon.state("runs") == "1")
        #expect(try TestSupport.run(["find", run, "-perm", "/077"]).output == "")
    }

    @Test func anotherUsersFifoIsNotWrittenTo() throws {
        let daemon = try Daemon(starts: false)
        try run(["sh", "-ec", "mkdir -m 700 \(daemon.run); mkfifo -m 666 \(daemon.fifo); chown 65534 \(daemon.fifo)"])
        daemon.scratch.write("config", "config job j\n")
        let asked = try daemon.ask("request", "j")
        #expect(asked.status == 0)
        #expect(asked.output.contains("the request is kept"), "\(asked)")
        #expect(contents(daemon.run + "/pending/j/manual") == "request j")
        let refused = try daemon.call()
        #expect(refused.status == 73 && refused.output.contains("is a FIFO of user 65534"), "\(refused)")
        #expect(try run(["stat", "-c", "%a %u", daemon.fifo]).output == "666 65534")
    }
}
