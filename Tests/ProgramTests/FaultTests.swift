import CLinux
import TestSupport
import Testing

/// One system call that is made to fail: `-e inject=` of strace(1).
private struct Injection: CustomStringConvertible {
    let call: String
    let error: String
    /// The how-manyth of a thread's calls: `3`, or from the first to the second: `1..2`.
    let when: String
    /// Only calls on this path; nil: all.
    var path: String?

    /// A tracer that lets this fail, to be put before the program's words.
    var tracer: [String] {
        ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", "/dev/null"] + (path.map { ["-P", $0] } ?? [])
            + ["-e", "trace=\(call)", "-e", "inject=\(call):error=\(error):when=\(when)"]
    }

    var description: String { "\(call) \(path ?? ""): \(error), number \(when)" }

    /// What the manual pages list, as far as it says something of the machine and not of a wrong call.
    private static let errors: [String: [String]] = [
        "openat": ["EINTR", "EMFILE", "ENOSPC", "EACCES", "ENOMEM", "EDQUOT", "ENFILE", "EROFS"],
        "read": ["EINTR", "EIO"],
        "pread64": ["EINTR", "EIO"],
        "write": ["EINTR", "ENOSPC", "EIO", "EDQUOT"],
        "close": ["EINTR", "EIO"],
        "mkdir": ["EACCES", "EDQUOT", "EMLINK", "ENOMEM", "ENOSPC", "EROFS"],
        "unlink": ["EACCES", "EBUSY", "EIO", "ENOMEM", "EROFS"],
        "rmdir": ["EACCES", "EBUSY", "ENOMEM", "EROFS"],
        "rename": ["EACCES", "EBUSY", "EDQUOT", "EIO", "ENOMEM", "ENOSPC", "EROFS"],
        "renameat2": ["EACCES", "EBUSY", "EDQUOT", "EINVAL", "EIO", "ENOMEM", "ENOSPC", "EROFS"],
        "link": ["EACCES", "EDQUOT", "EIO", "EMLINK", "ENOMEM", "ENOSPC", "EPERM", "EROFS"],
        "newfstatat": ["EACCES", "ENOMEM", "EIO"],
        "utimensat": ["EACCES", "EPERM", "EROFS"],
        "fcntl": ["EINTR", "EAGAIN", "EDEADLK", "ENOLCK"],
        "fchmod": ["EIO", "ENOMEM", "EPERM", "EROFS"],
        "getdents64": ["EIO", "ENOMEM"],
        "mknodat": ["EACCES", "EDQUOT", "ENOMEM", "ENOSPC", "EPERM", "EROFS"],
        "poll": ["EINTR", "ENOMEM"],
        "pipe2": ["EMFILE", "ENFILE"],
        "pidfd_open": ["EMFILE", "ENFILE", "ENOMEM"],
        "inotify_init1": ["EMFILE", "ENFILE", "ENOMEM"],
        "inotify_add_watch": ["EACCES", "ENOMEM", "ENOSPC"],
        "wait4": ["EINTR"],
        "close_range": ["EMFILE", "ENOMEM", "ENOSYS"],
    ]

    /// The router's libc makes these older calls where glibc makes others.
    private static let older = [
        "open": "openat", "stat": "newfstatat", "lstat": "newfstatat", "fstat": "newfstatat", "mknod": "mknodat",
    ]

    static func errors(of call: String) -> [String]? { errors[older[call] ?? call] }

    /// EINTR if it is among them, and two others in turn: all of them, but not each at each place, which takes minutes.
    static func some(_ call: String, _ number: Int) -> [String] {
        let errors = Injection.errors(of: call)!
        let others = errors.filter { $0 != "EINTR" }
        let two = others.isEmpty ? [] : [others[number % others.count], others[(number + 1) % others.count]]
        return errors.filter { $0 == "EINTR" } + two
    }
}

private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

private func lineCount(_ path: String) -> Int { contents(path)?.split(separator: "\n").count ?? 0 }

/// The tracer's child, which is the traced program.
private func traced(by program: Program) -> pid_t? {
    let children = contents("/proc/\(program.process)/task/\(program.process)/children") ?? ""
    return children.split(separator: " ").first.flatMap { pid_t(String($0)) }
}

private func hasEnded(_ program: Program) -> Bool {
    contents("/proc/\(program.process)/stat")?.contains(") Z ") ?? true
}

/// Each system call that asks is made to fail, each time that it is made, with each errno that its manual page lists.
@Suite struct UpdaterFaultTests {
    /// What `cname-updater` is asked, after what. The place of its own is the folder `place`.
    struct Call: CustomTestStringConvertible {
        let testDescription: String
        let words: [String]
        let variables: [String: String]
        /// Run in the place beforehand.
        let before: String
        let cause: String
        /// The folder that shows whether the lease is recorded as the event has it, and what it then holds.
        let recorded: (path: String, name: String?)?

        init(
            _ what: String, _ words: [String] = [], event: [String] = [], before: String = "", cause: String,
            recorded: (String, String?)? = nil
        ) {
            testDescription = what
            self.words = words
            variables = Dictionary(uniqueKeysWithValues: zip(["ACTION", "MACADDR", "IPADDR", "HOSTNAME"], event))
            self.before = before
            self.cause = cause
            self.recorded = recorded
        }
    }

    private static let client = "aa:bb:cc:dd:ee:ff"
    private static let anEvent =
        "env ACTION=add MACADDR=\(client) IPADDR=10.0.0.1 HOSTNAME=old \(Built.updater) && rm -r run/pending"

    static let calls: [Call] = [
        Call("the first request", ["request", "j"], cause: "manual"),
        Call(
            "a request when one waits that names many events", ["request", "j"],
            before: "mkdir -p -m 700 run/pending/j && head -c 1500 /dev/zero >run/pending/j/manual", cause: "manual"),
        Call(
            "a new lease", event: ["add", client, "10.0.0.1", "new"], cause: "lease",
            recorded: ("leases/\(client)/hostname", "new")),
        Call(
            "a changed lease", event: ["update", client, "10.0.0.1", "new"], before: anEvent, cause: "lease",
            recorded: ("leases/\(client)/hostname", "new")),
        Call(
            "a lease that is gone", event: ["remove", client, "10.0.0.1", "old"], before: anEvent, cause: "lease",
            recorded: ("leases/\(client)/hostname", nil)),
    ]

    @Test(arguments: calls) func promisesNothingFalse(call: Call) throws {
        let scratch = Scratch()
        scratch.write("config", "config job j\n")
        func environment(_ place: String) -> [String: String?] {
            call.variables.merging([
                "DEBOUNCED_RUN_DIR": "\(place)/run", "DEBOUNCED_CONFIG": scratch / "config",
                "CNAME_UPDATER_RUN_DIR": "\(place)/leases",
            ]) { $1 }
        }
        let before = "mkdir before; cd before; mkdir -m 700 run; \(call.before)"
        try run(["sh", "-ec", "cd \(scratch.path); \(before)"], environment: environment("."))
        try run(["cp", "-a", scratch / "before", scratch / "sound"])

        // Where nothing fails, it is learned which calls there are.
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
            // The dynamic loader's are not ours. Our first ones are those on signals.
            isStarted = isStarted || line.hasPrefix("rt_sigprocmask(SIG_SETMASK, [PIPE]")
            guard isStarted, Injection.errors(of: name) != nil else { continue }
            // What looks at a descriptor's flags can't fail.
            if line.contains("F_GET") || line.contains("F_SETFD") { continue }
            injections += Injection.some(name, counts[name]!).map {
                Injection(call: name, error: $0, when: "\(counts[name]!)")
            }
        }
        #expect(injections.count > 30)
        let copies = "cd \(scratch.path) && for i in $(seq \(injections.count)); do cp -a before $i; done"
        try run(["sh", "-ec", copies])

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
                let isPending = exists("\(place)/run/pending/j/\(call.cause)")
                if status == 0 { #expect(isPending, comment) }
                if let (path, name) = call.recorded {
                    // What is recorded will not be brought again by the next event.
                    let isRecorded = contents("\(place)/leases/\(path)") == name
                    if isRecorded { #expect(isPending, comment) }
                    if status == 0 { #expect(isRecorded, comment) }
                }
            }
        }
    }

    /// Under a daemon that is there but was not told, a promise would be kept only after the next request.
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
                    try eventually("\(injection): it runs", within: 5) { lineCount(log) > before }
                    try daemon.program.line(with: "j: done")
                }
            }
        }
        #expect(promised >= 3)
    }
}

/// Each system call that the daemon makes on one of its files, and those for a command, is made to fail.
@Suite struct DaemonFaultTests {
    /// One daemon with one fault, from its start to the end of a run.
    private final class Round {
        let injection: Injection?
        let daemon: Daemon
        let program: Program
        var log: String { daemon.scratch / "log" }
        /// Runs that had begun when it was asked for.
        private var before = 0
        private var successor: Program?

        /// - Parameter leftover: A daemon was killed while the command ran, which then fails once.
        init(leftover: Bool, trace: String? = nil, _ inject: (String) -> Injection?) throws {
            daemon = try Daemon(starts: false)
            let scratch = daemon.scratch.path
            // strace counts the calls of each thread, and Dispatch may have the main queue's work done by another each
            // time: so the retries are more than the calls that fail.
            daemon.scratch.write(
                "config",
                """
                config job j
                    option command 'echo ran >>\(scratch)/log; ! rm \(scratch)/fail 2>/dev/null'
                    option quiet 0.05
                    option max_interval 0.1
                    option retries 50
                """)
            if leftover {
                try run([
                    "sh", "-ec",
                    "cd \(scratch); umask 77; mkdir -p run/running/j; echo 'request j' >run/running/j/manual; touch fail",
                ])
            }
            injection = inject(daemon.run)
            let tracer = injection?.tracer ?? ["strace", "-f", "-y", "-qqq", "-o", trace!]
            program = try daemon.spawn(tracer + [Built.debounced])
        }

        deinit {
            if !hasEnded(program), let child = traced(by: program) { kill(child, SIGKILL) }
        }

        private var comment: Comment { "\(injection.map { "\($0)" } ?? ""): \(program.log) \(successor?.log ?? [])" }

        func ask(leftover: Bool) throws {
            try eventually("\(comment): it is up") {
                try !program.lines(with: "running as process", during: 0).isEmpty || hasEnded(program)
            }
            if !leftover { #expect(!exists(log), comment) }
            before = lineCount(log)
            let asked = try daemon.ask("request", "j")
            #expect(asked.status == 0, "\(comment) \(asked)")
        }

        func check(leftover: Bool) throws {
            // What was asked for is taken, and what failed is made good.
            func isDone() -> Bool {
                lineCount(log) > before && lineCount(log) >= (leftover ? 2 : 1)
                    && !exists(daemon.run + "/pending/j/manual") && !exists(daemon.scratch / "fail")
            }
            func wait(_ what: String, _ condition: () -> Bool) throws {
                do {
                    try eventually(what, within: 10, condition)
                } catch {
                    for program in [program, successor] { _ = try program?.lines(with: "", during: 0) }
                    throw Failure("\(comment): \(error)")
                }
            }
            try wait("it runs or ends") { isDone() || hasEnded(program) }
            if hasEnded(program) {
                let status = try program.end()
                #expect([71, 73, 78].contains(status), "\(comment) ended with \(status)")
                #expect(program.log.contains { $0.contains(": can't ") || $0.contains("has gone") }, comment)
                if injection?.error == "EINTR" { Issue.record("\(comment) ended") }
                successor = try daemon.spawn([Built.debounced])
                try wait("the next one does it") { isDone() }
                successor!.signal(SIGTERM)
                #expect(try successor!.end() == 0, comment)
            } else {
                if let child = traced(by: program) { kill(child, SIGTERM) }
                #expect(try program.end() == 0, comment)
            }
            if !leftover, injection?.call != "pidfd_open" { #expect(lineCount(log) == 1, comment) }
        }
    }

    /// Which calls there are on which of its paths, below the run directory.
    private func calls(leftover: Bool) throws -> Set<[String]> {
        var calls: Set<[String]> = []
        let scratch = Scratch()
        let sound = try Round(leftover: leftover, trace: scratch / "trace") { _ in nil }
        try sound.ask(leftover: leftover)
        try sound.check(leftover: leftover)
        let run = sound.daemon.run
        for line in contents(scratch / "trace")!.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            let name = String(words[1].drop { $0 == " " }.prefix { $0 != "(" })
            guard Injection.errors(of: name) != nil, let start = line.firstRange(of: run) else { continue }
            let path = String(line[start.upperBound...].prefix { $0 != "\"" && $0 != ">" })
            // It is the command's shell that writes this.
            if path.hasSuffix("/.process"), !["read", "unlink"].contains(name) { continue }
            // fdopendir(3) only looks at the flags.
            if line.contains("F_GET") || line.contains("F_SETFD") { continue }
            // Eleven files that are written alike.
            if path.hasPrefix("/jobs/j/"), !["state", "state.new", "all.new"].contains(path.dropFirst(8)) { continue }
            calls.insert([name, path])
        }
        #expect(calls.count > 20)
        return calls
    }

    @Test(arguments: [false, true]) func carriesOutWhatWasAsked(leftover: Bool) throws {
        var calls = try self.calls(leftover: leftover)
        if leftover {
            let others = try self.calls(leftover: false).filter { !$0[1].hasSuffix("/j") }
            calls.subtract(others)
        }
        var injections: [(String) -> Injection] = []
        for (number, call) in calls.sorted(by: { $0.joined() < $1.joined() }).enumerated() {
            for error in Injection.some(call[0], number) {
                let when = error == "EINTR" ? ["1"] : ["1", "2..3"]
                injections += when.map { when in
                    { Injection(call: call[0], error: error, when: when, path: $0 + call[1]) }
                }
            }
        }
        for call in ["pipe2", "pidfd_open", "inotify_init1", "wait4", "close_range"] where !leftover {
            for error in Injection.errors(of: call)! {
                injections.append { _ in Injection(call: call, error: error, when: "1..2") }
            }
        }
        #expect(injections.count > 50)
        var rest = injections[...]
        while !rest.isEmpty {
            let rounds = try rest.prefix(16).map { try Round(leftover: leftover, $0) }
            rest = rest.dropFirst(16)
            for round in rounds { try round.ask(leftover: leftover) }
            for round in rounds { try round.check(leftover: leftover) }
        }
    }
}

/// A run directory without room. It is a small tmpfs in a mount namespace that the daemon lives in.
@Suite struct FullFileSystemFaultTests {
    private final class SmallRoom {
        let daemon: Daemon
        let program: Program

        /// - Parameter filler: So many pages of the tmpfs' 64 are in use beforehand.
        init(filler: Int, quiet: String) throws {
            daemon = try Daemon(starts: false)
            daemon.scratch.write(
                "config",
                "config job j\noption command 'echo ran >>\(daemon.scratch / "log")'\noption quiet \(quiet)\n")
            let script = """
                mkdir \(daemon.run); mount -t tmpfs -o size=256k,mode=700 none \(daemon.run)
                head -c \(filler * 4096) /dev/zero >\(daemon.run)/filler; exec \(Built.debounced)
                """
            program = try daemon.spawn(["unshare", "-m", "sh", "-ec", script])
        }

        func within(_ words: String...) throws -> (status: Int32, output: String) {
            try run(["nsenter", "-t", "\(program.process)", "-m"] + words, environment: daemon.environment)
        }

        /// Takes all the room there is.
        func fill() throws {
            _ = try within("sh", "-c", "cat /dev/zero >\(daemon.run)/filler2")
            _ = try within("sh", "-c", "while echo x >>\(daemon.run)/filler3; do :; done")
        }
    }

    @Test func startsOrSaysWhyNot() throws {
        var started = 0
        for filler in [64, 63, 62, 60, 57, 54, 53, 52, 51, 50, 48] {
            let room = try SmallRoom(filler: filler, quiet: "0")
            try eventually("it is up or ends") {
                try !room.program.lines(with: "running as process", during: 0).isEmpty || hasEnded(room.program)
            }
            if hasEnded(room.program) {
                #expect(try room.program.end() == 73)
                #expect(room.program.log.last!.contains("No space left on device"), "\(room.program.log)")
                continue
            }
            started += 1
            let asked = try room.within(Built.updater, "request", "j")
            if asked.status == 0 {
                _ = try room.within("rm", room.daemon.run + "/filler")
                try room.program.line(with: "j: done")
            } else {
                #expect(asked.status == 73 && asked.output.contains("No space left"), "\(asked)")
            }
        }
        #expect(started > 1 && started < 11)
    }

    @Test func keepsARequestUntilThereIsRoom() throws {
        let room = try SmallRoom(filler: 0, quiet: "0.5")
        try room.program.line(with: "running as process")
        #expect(try room.within(Built.updater, "request", "j").status == 0)
        try room.fill()
        try room.program.line(with: "No space left on device; tried every 0.5 s")
        let late = try room.within(Built.updater, "request", "j")
        #expect(late.status == 0 || late.output.contains("No space left on device"), "\(late)")
        _ = try room.program.lines(with: "", during: 2.5)
        // Once of the command, and once of the state.
        #expect(room.program.log.filter { $0.contains("No space left") }.count <= 2, "\(room.program.log)")
        #expect(room.program.log.count <= 3, "\(room.program.log)")
        #expect(!exists(room.daemon.scratch / "log"))
        _ = try room.within("sh", "-c", "rm \(room.daemon.run)/filler*")
        try room.program.line(with: "j: done")
        #expect(lineCount(room.daemon.scratch / "log") == 1)
        // It shows its state again.
        try eventually("the state is right") {
            try room.within("cat", room.daemon.run + "/jobs/j/state", room.daemon.run + "/jobs/j/runs").output
                == "idle\n1"
        }
    }
}

/// The daemon, or the FIFO, is not there or does not answer.
@Suite struct AbsenceFaultTests {
    /// Asks, and checks that the caller is told within a second or so what will happen.
    private func ask(_ daemon: Daemon, hears text: String) throws {
        let start = now()
        let asked = try daemon.ask("request", "j")
        #expect(now() - start < 1.7)
        #expect(asked.status == 0, "\(asked)")
        #expect(asked.output.contains(text) && asked.output.contains("the request is kept"), "\(asked)")
        #expect(asked.output.contains("'j' runs once debounced is back"), "\(asked)")
        #expect(!asked.output.contains("\n"), "one line: \(asked)")
        #expect(contents(daemon.run + "/pending/j/manual") != nil)
    }

    private func daemon(quiet: String = "0.2", starts: Bool = true) throws -> Daemon {
        let daemon = try Daemon(
            settings: "config job j\noption command 'echo ran'\noption quiet \(quiet)\n", starts: starts)
        return daemon
    }

    /// One of its threads takes the signal; until then another may go on reading.
    private func stop(_ daemon: Daemon) throws {
        daemon.program.signal(SIGSTOP)
        try eventually("it is stopped") { contents("/proc/\(daemon.program.process)/stat")!.contains(") T ") }
    }

    @Test func noDaemonYet() throws {
        let daemon = try daemon(starts: false)
        try ask(daemon, hears: "debounced is not running")
        try daemon.start()
        try daemon.program.line(with: "j: done")
    }

    @Test func theDaemonIsStoppedForAWhile() throws {
        let daemon = try daemon()
        try stop(daemon)
        try ask(daemon, hears: "debounced is stopped, as process \(daemon.program.process)")
        daemon.program.signal(SIGCONT)
        try daemon.program.line(with: "j: done")
        #expect(try daemon.program.lines(with: "j: run", during: 0.5) == [])
    }

    @Test func theFifoIsFull() throws {
        let daemon = try daemon()
        try stop(daemon)
        try run(["dd", "if=/dev/zero", "of=\(daemon.fifo)", "bs=4096", "oflag=nonblock", "conv=notrunc", "status=none"])
        try ask(daemon, hears: "full, debounced does not read it")
        daemon.program.signal(SIGCONT)
        try daemon.program.line(with: "j: done")
        #expect(try daemon.program.lines(with: "j: run", during: 0.5) == [])
    }

    /// The daemon notices and makes a new one. Stopped meanwhile, it does so when it goes on.
    @Test(arguments: ["rm FIFO", "rm FIFO; mkfifo -m 600 FIFO", "mkfifo -m 600 RUN.other; mv RUN.other FIFO"])
    func theFifoIsAnother(script: String) throws {
        let daemon = try daemon()
        let inPlace = script.split(separator: "FIFO", omittingEmptySubsequences: false).joined(separator: daemon.fifo)
            .split(separator: "RUN", omittingEmptySubsequences: false).joined(separator: daemon.run)
        try stop(daemon)
        try run(["sh", "-ec", inPlace])
        try ask(daemon, hears: "debounced is not running")
        daemon.program.signal(SIGCONT)
        try daemon.program.line(with: "fifo: had gone; made anew")
        try daemon.program.line(with: "j: done")
        #expect(try daemon.ask("request", "j").output == "")
        try daemon.program.line(with: "j: done")
    }

    /// It can't tell what that is for, and leaves it alone: it ends, and each new start says why it does so too.
    @Test(arguments: [
        ("echo keep >", "is a file"), ("mkdir ", "is a folder"), ("ln -s /dev/null ", "is a symbolic link"),
    ])
    func theFifoIsSomethingElse(make: String, what: String) throws {
        let daemon = try daemon()
        try stop(daemon)
        try run(["sh", "-ec", "rm \(daemon.fifo); \(make)\(daemon.fifo)"])
        let asked = try daemon.ask("request", "j")
        #expect(asked.status == 0 && asked.output.contains("the request is kept"), "\(asked)")
        daemon.program.signal(SIGCONT)
        #expect(try daemon.program.end() == 73)
        #expect(daemon.program.log.last!.contains("\(daemon.fifo): \(what), not a FIFO of ours; left alone"))
        let again = try daemon.call()
        #expect(again.status == 73 && again.output.contains("\(daemon.fifo): \(what)"), "\(again)")
        try run(["rm", "-r", daemon.fifo])
        try daemon.start()
        try daemon.program.line(with: "j: done")
    }
}

/// The daemon ends, one way or the other, and another takes over.
@Suite struct SuccessionFaultTests {
    @Test func goesOnWithTheTimeThatWasLeft() throws {
        let daemon = try Daemon(settings: "config job j\noption command 'echo ran'\noption quiet 3\n")
        let start = now()
        try daemon.ask("request", "j")
        try eventually("it waits") { daemon.state("state") == "waiting" }
        #expect(try daemon.program.lines(with: "j: run", during: 1.2) == [])
        daemon.program.signal(SIGTERM)
        #expect(try daemon.program.end() == 0)
        try daemon.start()
        try daemon.program.line(with: "j: done")
        #expect((2.9...4).contains(now() - start), "\(now() - start)")
        #expect(try daemon.program.lines(with: "j: run", during: 3.3) == [])
    }

    @Test func neverLetsTwoCommandsOverlap() throws {
        let daemon = try Daemon(starts: false)
        let log = daemon.scratch / "log"
        daemon.scratch.write(
            "config",
            """
            config job j
                option command 'echo begin >>\(log); sleep 1; echo end >>\(log)'
                option quiet 0.1
                option max_interval 0.2
            """)
        try daemon.start()
        try daemon.ask("request", "j")
        for round in 1...2 {
            try eventually("it begins") { lineCount(log) == 2 * round - 1 }
            daemon.program.signal(SIGKILL)
            try daemon.program.end()
            try daemon.start()
            try daemon.program.line(with: "j: run 1")
        }
        try daemon.program.line(with: "j: done")
        let lines = contents(log)!.split(separator: "\n")
        #expect(lines == ["begin", "end", "begin", "end", "begin", "end"])
        #expect(try daemon.program.lines(with: "j: run", during: 0.5) == [])
    }

    @Test func givesUpAfterTheLastTry() throws {
        let daemon = try Daemon(
            settings: """
                config job j
                    option command 'echo tried; exit 3'
                    option quiet 0.1
                    option retries 2
                    option max_interval 0.2
                """)
        let waiting = try daemon.spawn([Built.updater, "request", "--wait", "j"])
        try daemon.program.line(with: "failed with status 3")
        try daemon.program.line(with: "failed with status 3")
        try daemon.program.line(with: "given up, runs again when asked")
        #expect(try daemon.program.lines(with: "j: tried", during: 1) == [])
        #expect(daemon.program.log.filter { $0 == "j: tried" }.count == 3)
        #expect(try waiting.end() == 3)
        #expect(waiting.log.last == "j: run 3 failed with status 3")
        #expect(daemon.state("failures") == "3")
        #expect(!exists(daemon.run + "/pending/j/manual") && !exists(daemon.run + "/running/j"))
        // Nothing is left for the next daemon either, and a new request is tried anew.
        daemon.program.signal(SIGTERM)
        try daemon.program.end()
        try daemon.start()
        #expect(try daemon.program.lines(with: "j: run", during: 0.7) == [])
        try daemon.ask("request", "j")
        try daemon.program.line(with: "given up")
    }

    @Test func whoWaitsHearsOfTheRun() throws {
        let daemon = try Daemon(
            settings: "config job j\noption command 'sleep 0.3; exit 4'\noption quiet 0.5\noption retries 0\n")
        func asks() throws -> Program {
            let waiting = try daemon.spawn([Built.updater, "request", "--wait", "j"])
            try eventually("it has asked") { contents(daemon.run + "/pending/j/manual") != nil }
            return waiting
        }
        let first = try asks()
        #expect(try first.end() == 4)
        #expect(first.log == ["j: run 1 failed with status 4"])
        // Across a restart, and across a daemon that is killed while the command runs.
        let second = try asks()
        for (signal, line) in [(SIGTERM, nil), (SIGKILL, "j: run 1")] {
            if let line { try daemon.program.line(with: line) }
            daemon.program.signal(signal)
            try daemon.program.end()
            try daemon.start()
        }
        #expect(try second.end() == 4)
        #expect(second.log.last == "j: run 1 failed with status 4", "\(second.log)")
    }
}

/// The wall clock may jump by decades when a router learns the time.
@Suite struct ClockFaultTests {
    /// The wall clock tells only how old a request is that an earlier daemon left. Where that can't be, the wait starts
    /// again: it is neither skipped nor does it last for 50 years.
    @Test(arguments: ["50 years ago", "50 years"]) func aJumpBetweenTwoDaemonsStartsTheWaitAgain(date: String) throws {
        let daemon = try Daemon(
            settings: "config job j\noption command 'echo ran'\noption quiet 1\noption max_wait 5\n", starts: false)
        try daemon.ask("request", "j")
        try run(["touch", "-d", date, daemon.run + "/pending/j/manual"])
        let start = now()
        try daemon.start()
        try daemon.program.line(with: "j: done")
        #expect((0.9...2.5).contains(now() - start), "\(now() - start)")
    }

    /// All else is CLOCK_MONOTONIC: clock_gettime(2) needs no system call and can't be seen, but timers can.
    @Test func noTimerIsOnTheWallClock() throws {
        let daemon = try Daemon(starts: false)
        daemon.scratch.write(
            "config", "config job j\noption command 'false'\noption quiet 0.1\noption max_interval 0.2\n")
        let trace = daemon.scratch / "trace"
        let calls = "trace=timerfd_create,timerfd_settime,timer_create,setitimer,alarm,clock_nanosleep,clock_settime"
        let program = try daemon.spawn(["strace", "-f", "-qqq", "-e", calls, "-o", trace, Built.debounced])
        try program.line(with: "running as process")
        try daemon.ask("request", "j")
        try program.line(with: "given up")
        try daemon.write("no request\n")
        try program.line(with: "rejected")
        if let child = traced(by: program) { kill(child, SIGTERM) }
        #expect(try program.end() == 0)
        let lines = contents(trace)!.split(separator: "\n").filter { !$0.contains("+++") && !$0.contains("---") }
        // On a router, poll(2) waits for so long.
        #expect(lines.contains { $0.contains("timerfd_create(CLOCK_MONOTONIC") } != Built.isForRouter)
        #expect(lines.filter { $0.contains("REALTIME") || $0.contains("CANCEL_ON_SET") } == [])
        let known = ["timerfd_create(CLOCK_MONOTONIC", "timerfd_settime(", "timerfd_settime res", "timerfd_create res"]
        #expect(lines.filter { line in !known.contains { line.contains($0) } } == [])
    }
}
