import CLinux
import TestSupport
import Testing

/// A run directory without room: a small tmpfs in the daemon's mount namespace.
@Suite(.ownThread) struct FullFileSystemFaultTests {
    private final class SmallRoom {
        let daemon: Daemon
        let program: Program

        /// - Parameter filler: The pages that are in use beforehand, of the tmpfs' 64.
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

        /// Fills the tmpfs.
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
        // The tmpfs fills up before the quiet time is over.
        room.program.signal(SIGSTOP)
        #expect(try room.within(Built.updater, "request", "j").status == 0)
        try room.fill()
        room.program.signal(SIGCONT)
        try room.program.line(with: "No space left on device; tried every 0.5 s")
        let late = try room.within(Built.updater, "request", "j")
        #expect(
            late.status == 0 || late.output.contains("\(room.daemon.run)/pending/j/.manual."), "\(late)")
        let (request, kept) = (room.daemon.run + "/pending/j/manual", room.daemon.run + "/kept")
        // Stops the daemon between two tries: a try would find that the request is gone.
        try eventually("the request is pending") {
            room.program.signal(SIGSTOP)
            if try room.within("test", "-e", request).status == 0 { return true }
            room.program.signal(SIGCONT)
            return false
        }
        // A pending request is accepted once more.
        #expect(try room.within(Built.updater, "request", "j").status == 0)
        _ = try room.within("mv", request, kept)
        try room.fill()
        let full = try room.within(Built.updater, "request", "j")
        #expect(full.status == 73)
        #expect(
            full.output.hasPrefix("cname-updater: \(room.daemon.run)/pending/j/.manual.")
                && full.output.hasSuffix(": can't write: No space left on device"))
        _ = try room.within("mv", kept, request)
        room.program.signal(SIGCONT)
        // The daemon tries three times.
        _ = try room.program.lines(with: "", during: 1.6)
        // One line is about the command and one about the state. A moment with room may repeat the second line.
        #expect(room.program.log.filter { $0.contains("No space left") }.count <= 3, "\(room.program.log)")
        #expect(room.program.log.count <= 4, "\(room.program.log)")
        #expect(!exists(room.daemon.scratch / "log"))
        _ = try room.within("sh", "-c", "rm \(room.daemon.run)/filler*")
        try room.program.line(with: "j: done")
        #expect(lineCount(room.daemon.scratch / "log") == 1)
        try eventually("the state is right") {
            try room.within("cat", room.daemon.run + "/jobs/j/state", room.daemon.run + "/jobs/j/runs").output
                == "idle\n1"
        }
    }
}
