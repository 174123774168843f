import CLinux
import TestSupport
import Testing

/// Each system call of the daemon on its files and for a command fails in turn.
@Suite(.ownThread) struct DaemonFaultTests {
    /// One daemon with one fault, from its start to the end of a run.
    private final class Round {
        let injection: Injection?
        let daemon: Daemon
        let program: Program
        var log: String { daemon.scratch / "log" }
        /// The runs that had begun before the request.
        private var before = 0
        private var successor: Program?

        /// - Parameter leftover: Whether an earlier daemon was killed during a run. The command then fails once.
        init(leftover: Bool, trace: String? = nil, _ inject: (String) -> Injection?) throws {
            daemon = try Daemon(starts: false)
            let scratch = daemon.scratch.path
            // strace counts the calls of each thread, and Dispatch may move the main queue's work between threads. The
            // retries therefore exceed the failing calls.
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
            // The request was carried out, and the failure made good.
            func isDone() -> Bool {
                lineCount(log) > before && lineCount(log) >= (leftover ? 2 : 1)
                    && !exists(daemon.run + "/pending/j/manual") && !exists(daemon.scratch / "fail")
            }
            func wait(_ what: String, _ condition: () -> Bool) throws {
                do {
                    try eventually(what, condition)
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
                // TERM has its default action until that line.
                try successor!.line(with: "running as process")
                successor!.signal(SIGTERM)
                #expect(try successor!.end() == 0, comment)
            } else {
                if let child = traced(by: program) { kill(child, SIGTERM) }
                #expect(try program.end() == 0, comment)
            }
            if !leftover, injection?.call != "pidfd_open" { #expect(lineCount(log) == 1, comment) }
        }
    }

    /// Returns the daemon's calls with their paths below the run directory.
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
            // The command's shell writes this file.
            if path.hasSuffix("/process"), !["read", "unlink"].contains(name) { continue }
            // fdopendir(3) only looks at the flags.
            if line.contains("F_GET") || line.contains("F_SETFD") { continue }
            // Eleven files are written alike, so three are enough.
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
                let both = ["1", "2..3"]
                let when = error == "EINTR" ? ["1"] : Extent.isAll ? both : [both[injections.count % 2]]
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
