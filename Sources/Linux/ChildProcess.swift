import Basics
import CLinux

/// A shell command in a process group of its own.
public struct ChildProcess: ~Copyable {
    public let process: pid_t
    /// Readable after the command's end: pidfd_open(2).
    public let ended: FileDescriptor

    public enum Outcome: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// Starts `/bin/sh -c COMMAND` without input, blocked signals and this process's files. Both streams lead to
    /// `output`. Signals get their default action, except for SIGPIPE, which keeps its action.
    /// - Parameters:
    ///   - environment: Additional variables, as NAME=VALUE.
    ///   - processFile: A new file, which gets the shell's line of /proc/PID/stat (see `RunningProcess`). If the
    ///     shell can't make it, the command does not run.
    /// - Throws: `system`, with the errno: posix_spawn(3), pidfd_open(2).
    public init(
        shell command: ByteString, environment: [ByteString], output: borrowing FileDescriptor, processFile: ByteString
    ) throws(Fault) {
        // `set -C` keeps the shell from writing to an existing file.
        let script: ByteString = "set -C; read -r s </proc/$$/stat && echo \"$s\" >\"$0\" && exec env \"$@\""
        let words = [script, processFile] + environment + ["/bin/sh", "-c", command]
        let process = try ChildProcess.shell(words, output: output.number)
        do throws(Fault) {
            ended = try ChildProcess.end(of: process)
        } catch {
            // A run with an unknown end is worse than no run.
            kill(-process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
        self.process = process
    }

    /// Starts a shell with signals, input and files as for a command: posix_spawn(3).
    /// - Parameter words: The script, and its `$0`, `$1` and so on.
    private static func shell(_ words: [ByteString], output: Int32) throws(Fault) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, ("/dev/null" as StaticString).cString, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)

        // A child inherits blocked and ignored signals, and the loop blocks some. SIGPIPE stays ignored, as procd
        // leaves it: a command outlives the reader of its output.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        // Not sigfillset(3): glibc's version leaves out two signals, which posix_spawn(3) then ignores in the child.
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

    /// Returns a descriptor that is readable after a process's end: pidfd_open(2).
    /// - Throws: `system`, with the errno ESRCH if the process does not exist; without errno before Linux 5.3.
    public static func end(of process: pid_t) throws(Fault) -> FileDescriptor {
        let number = linux_pidfd_open(process)
        if number == -1, linux_errno() == ENOSYS {
            throw Fault(.system, "needs Linux 5.3 or newer, which OpenWrt has since 21.02")
        }
        return try FileDescriptor(number, to: "watch the command")
    }

    /// - Throws: `system` if the command can't be watched; with the errno ESRCH if it has ended.
    public init(adopting process: RunningProcess) throws(Fault) {
        self.process = process.number
        ended = try ChildProcess.end(of: process.number)
    }

    /// Sends a signal to the process group: kill(2). Only valid before `collect`, which frees the group's number.
    public borrowing func signal(_ signal: Signal) { kill(-process, signal.number) }

    /// Returns the pidfd of a process in the group; nil if every process has ended, or if pidfd_open(2) fails.
    public borrowing func member() -> FileDescriptor? {
        while let number = RunningProcess.member(ofGroup: process) {
            let pidfd = linux_pidfd_open(number)
            if pidfd == -1, linux_errno() != ESRCH { return nil }
            let member = FileDescriptor(number: pidfd)
            // The number may belong to a new process of another group.
            if getpgid(number) == process { return member }
        }
        return nil
    }

    /// Returns the outcome of an ended command: waitpid(2). nil after adoption, as only a parent gets the status.
    public borrowing func collect() -> Outcome? {
        var failure: Int32 = 0
        var status: Int32 = 0
        let process = process
        if retrying(failure: &failure, { waitpid(process, &status, 0) }) == -1 { return nil }
        return linux_exited(status) != 0 ? .exited(linux_exit_status(status)) : .signalled(linux_signal(status))
    }
}

extension ChildProcess {
    /// Runs a program from PATH in a process group of its own, and kills it after `limit`. Its children go on.
    /// - Returns: The exit status, and about 64 KB of both streams at most; nil if a pipe or a shell can't be made.
    ///   The status is 127 if PATH lacks the program, and 128 + N after signal N.
    public static func run(_ words: [ByteString], within limit: Duration) -> (status: Int32, output: ByteString)? {
        guard let pipe = try? Pipe(),
            let process = try? shell(["exec \"$@\"", "sh"] + words, output: pipe.writer.number)
        else { return nil }
        // -1 before Linux 5.3: then the loop only looks every 100 ms.
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

@frozen public struct Pipe: ~Copyable {
    /// Non-blocking.
    public let reader: FileDescriptor
    /// Blocks while the pipe is full, as commands expect of their streams.
    public let writer: FileDescriptor

    /// - Throws: `system`, with the errno: pipe2(2).
    public init() throws(Fault) {
        var ends: [Int32] = [-1, -1]
        if linux_pipe(&ends) == -1 { throw Fault(.system, "can't make a pipe", system: linux_errno()) }
        linux_set_nonblocking(ends[0])
        reader = FileDescriptor(number: ends[0])
        writer = FileDescriptor(number: ends[1])
    }
}
