import Basics
import CLinux

/// A shell command that runs in a process group of its own.
public struct ChildProcess: ~Copyable {
    public let process: pid_t
    /// Readable once the command has ended: pidfd_open(2).
    public let ended: FileDescriptor

    /// How a command ended.
    public enum Outcome: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// Starts `/bin/sh -c COMMAND`. It has no blocked signals, no input and no files of this process. Signals have their
    /// default action, but an ignored SIGPIPE stays ignored.
    /// - Parameters:
    ///   - environment: Variables beside ours, as NAME=VALUE.
    ///   - output: Where the command and its children write with both their streams.
    ///   - processFile: Where the shell leaves its line of /proc/PID/stat, for `RunningProcess`. If it can't, because
    ///     the folder has gone or something is there already, the command is not run.
    /// - Throws: `system` if a resource is short: posix_spawn(3), pidfd_open(2).
    public init(
        shell command: ByteString, environment: [ByteString], output: borrowing FileDescriptor, processFile: ByteString
    ) throws(Fault) {
        // `set -C`: a file that is there already is not written to.
        let script: ByteString = "set -C; read -r s </proc/$$/stat && echo \"$s\" >\"$0\" && exec env \"$@\""
        let words = [script, processFile] + environment + ["/bin/sh", "-c", command]
        let process = try ChildProcess.shell(words, output: output.number)
        do throws(Fault) {
            ended = try ChildProcess.end(of: process)
        } catch {
            // Without it we would not see the end: better no run than one that nobody watches.
            kill(-process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
        self.process = process
    }

    /// Starts a shell with signals, input and files as for a command, in a process group of its own: posix_spawn(3).
    /// - Parameters:
    ///   - words: The script, and what it finds as `$0`, `$1` and so on.
    ///   - output: Where both streams lead.
    private static func shell(_ words: [ByteString], output: Int32) throws(Fault) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, ("/dev/null" as StaticString).cString, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)

        // A child inherits blocked and ignored signals. The loop blocks some. SIGPIPE stays ignored, as procd has it for all
        // that it starts: then a command goes on when its output has no reader any more.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        // Not sigfillset(3): glibc's leaves out two signals that its posix_spawn(3) then ignores.
        withUnsafeMutableBytes(of: &all) { set in for index in set.indices { set[index] = 0xFF } }
        sigdelset(&all, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments = (["/bin/sh", "-c"] + words).map { word in word.withCString { strdup($0) } }
        defer { for word in arguments { free(word) } }
        arguments.append(nil)
        var process: pid_t = 0
        let failure = posix_spawn(&process, arguments[0]!, &actions, &attributes, &arguments, linux_environment())
        if failure != 0 { throw Fault(.system, "can't start /bin/sh", system: failure) }
        return process
    }

    /// A descriptor that is readable once a process has ended: pidfd_open(2).
    /// - Throws: `system` if the kernel does not have the call, or no descriptors are left; with the errno ESRCH if the
    ///   process is not there.
    public static func end(of process: pid_t) throws(Fault) -> FileDescriptor {
        let number = linux_pidfd_open(process)
        if number == -1, linux_errno() == ENOSYS {
            throw Fault(.system, "needs Linux 5.3 or newer, which OpenWrt has since 21.02")
        }
        return try FileDescriptor(number, to: "watch the command")
    }

    /// A command that an earlier daemon started.
    /// - Throws: `system` if it can't be watched; with the errno ESRCH it has ended.
    public init(adopting process: RunningProcess) throws(Fault) {
        self.process = process.number
        ended = try ChildProcess.end(of: process.number)
    }

    /// Sends a signal to the whole process group: kill(2). Only before `collect`: then the number is free again.
    public borrowing func signal(_ signal: Signal) { kill(-process, signal.number) }

    /// Returns the pidfd of a process in the group that has not ended; nil if all have, or if the process can't be watched.
    public borrowing func member() -> FileDescriptor? {
        while let number = RunningProcess.member(ofGroup: process) {
            let pidfd = linux_pidfd_open(number)
            if pidfd == -1, linux_errno() != ESRCH { return nil }
            let member = FileDescriptor(number: pidfd)
            // The number may have gone to another process meanwhile.
            if getpgid(number) == process { return member }
        }
        return nil
    }

    /// Takes the outcome of a command that has ended: waitpid(2).
    /// - Returns: nil for an adopted one: only its parent is told.
    public borrowing func collect() -> Outcome? {
        var failure: Int32 = 0
        var status: Int32 = 0
        let process = process
        // An adopted one is no child of ours: ECHILD.
        if retrying(failure: &failure, { waitpid(process, &status, 0) }) == -1 { return nil }
        return linux_exited(status) != 0 ? .exited(linux_exit_status(status)) : .signalled(linux_signal(status))
    }
}

extension ChildProcess {
    /// Runs a program, looked up in PATH, to its end, in a process group of its own. Its children go on.
    /// - Parameter limit: It is killed after this.
    /// - Returns: Its exit status, 128 + N if signal N ended it; and what it wrote, to both streams: 64 KB at most. The status is 127 if there is no such program; nil if no shell can be run.
    public static func run(_ words: [ByteString], within limit: Duration) -> (status: Int32, output: ByteString)? {
        guard let pipe = try? Pipe(),
            let process = try? shell(["exec \"$@\"", "sh"] + words, output: pipe.writer.number)
        else { return nil }
        // An old kernel has none: then we only look from time to time.
        let ended = FileDescriptor(number: linux_pidfd_open(process))
        let deadline = Process.now + limit
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        var status: Int32 = 0
        while true {
            _ = Poll.readable([ended.number], until: Process.now + .milliseconds(100))
            let isEnded = waitpid(process, &status, WNOHANG) == process
            if let count = try? pipe.reader.read(into: &buffer), output.count < 1 << 16 { output += buffer[..<count] }
            if isEnded { break }
            if Process.now >= deadline { kill(process, SIGKILL) }
        }
        let code = linux_exited(status) != 0 ? linux_exit_status(status) : 128 + linux_signal(status)
        return (code, ByteString(output))
    }
}

/// A pipe: pipe(2).
@frozen public struct Pipe: ~Copyable {
    /// Reads without blocking.
    public let reader: FileDescriptor
    /// Blocks when the pipe is full: a command does not expect anything else of its streams.
    public let writer: FileDescriptor

    /// - Throws: `system` if there are no descriptors left.
    public init() throws(Fault) {
        var ends: [Int32] = [-1, -1]
        if linux_pipe(&ends) == -1 { throw Fault(.system, "can't make a pipe", system: linux_errno()) }
        // On a fresh descriptor F_SETFL can't fail.
        linux_set_nonblocking(ends[0])
        reader = FileDescriptor(number: ends[0])
        writer = FileDescriptor(number: ends[1])
    }
}
