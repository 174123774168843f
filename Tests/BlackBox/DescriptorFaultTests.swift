import CLinux
import TestSupport
import Testing

/// The daemon has no file descriptors left.
@Suite(.ownThread) struct DescriptorFaultTests {
    /// A job without requests is not reported as "not needed", and a requested job runs when it can.
    @Test(arguments: [false, true]) func nothingIsSaidToBeNotNeeded(byHand: Bool) throws {
        // The daemon starts without gaps in its descriptor numbers, as under procd.
        let alone =
            "for n in $(ls /proc/$$/fd); do if [ $n -gt 2 ]; then eval \"exec $n>&-\"; fi; done; exec \"$0\" \"$@\""
        let daemon = try Daemon(
            settings: ["j", "k", "l"].map { "config job \($0)\noption command 'echo ran-\($0)'\noption quiet 0.3\n" }
                .joined(), under: ["bash", "-c", alone])
        try daemon.write("request j\n")
        try daemon.program.line(with: "j: done")
        let process = daemon.program.process
        func files() throws -> [Substring] {
            try run(["ls", "-l", "/proc/\(process)/fd"]).output.split(separator: "\n")
        }
        // The descriptors of its streams remain.
        try eventually("it has closed what the command needed") {
            try files().filter { $0.contains("pipe:") || $0.contains("pidfd") }.count == 2
        }
        let used = try run(["ls", "/proc/\(process)/fd"]).output.split(separator: "\n").compactMap { Int($0) }
        let limit = (0...).first { !used.contains($0) }!
        try run(["prlimit", "--pid", "\(process)", "--nofile=\(limit):1024"])
        if byHand {
            try daemon.write("request j\n")
        } else {
            try daemon.ask("request", "j")
        }
        try daemon.program.line(with: "tried every 0.3 s")
        try run(["prlimit", "--pid", "\(process)", "--nofile=1024:1024"])
        try daemon.program.line(with: "j: ran-j")
        try daemon.write("request l\n")
        try daemon.program.line(with: "l: done")
        #expect(
            !daemon.program.log.contains { $0.contains("not needed") || $0.contains("k: run") }, "\(daemon.program.log)"
        )
    }
}
