import CLinux

/// A program that a test started. A test can wait for lines of its output. It ends with the test.
public final class Program {
    public let process: pid_t
    /// The lines of both output streams so far.
    public private(set) var log: [String] = []

    private let scratch: Scratch?
    private let pidfd: Int32
    private let output: Int32
    private var begun: [UInt8] = []
    private var seen = 0
    private var isCollected = false

    /// - Parameters:
    ///   - words: The program, looked up in PATH, and its arguments.
    ///   - environment: Changes to the test's environment; nil removes a variable.
    ///   - scratch: The folder with the program's files, which stays until the program has ended.
    public init(_ words: [String], environment: [String: String?] = [:], in scratch: Scratch? = nil) throws {
        self.scratch = scratch
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { throw Failure("no pipe") }
        output = ends[0]
        linux_set_nonblocking(output)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        // As in a login shell, no signal is blocked or ignored. The test runner blocks and ignores some.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        withUnsafeMutableBytes(of: &all) { set in for index in set.indices { set[index] = 0xFF } }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
            close(ends[1])
        }

        var variables: [String: String] = [:]
        var next = linux_environment()!
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = String(parts.last ?? "")
            next += 1
        }
        for (name, value) in environment { variables[name] = value }

        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environ: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environ { free(text) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, words[0], &actions, &attributes, &arguments, &environ)
        guard failure == 0 else {
            close(output)
            throw Failure("can't start \(words[0]): \(String(cString: strerror(failure)))")
        }
        process = child
        pidfd = linux_pidfd_open(child)
    }

    deinit {
        if !isCollected {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        close(pidfd)
        close(output)
    }

    public func signal(_ number: Int32) {
        kill(process, number)
    }

    /// Waits for the next line with `text` in it. Skips other lines.
    @discardableResult
    public func line(with text: String) throws -> String {
        let end = now() + patience
        while true {
            while seen < log.count {
                seen += 1
                if log[seen - 1].contains(text) { return log[seen - 1] }
            }
            guard try read(until: end) else {
                throw Failure("no line with '\(text)' within \(patience) s; the log:\n" + log.joined(separator: "\n"))
            }
        }
    }

    /// Returns the lines with `text` in them that come in the next `seconds`. A test shows so that no line comes.
    public func lines(with text: String, during seconds: Double) throws -> [String] {
        let end = now() + seconds
        while try read(until: end) {}
        defer { seen = log.count }
        return log[seen...].filter { $0.contains(text) }
    }

    /// Returns the lines with `text` in them that come before the next line with `last`.
    public func lines(with text: String, before last: String) throws -> [String] {
        let start = seen
        try line(with: last)
        return log[start..<seen].filter { $0.contains(text) }
    }

    /// Waits until each of these texts has been in a line, in any order.
    public func lines(withEach texts: [String]) throws {
        try eventually("lines with \(texts); the log:\n" + log.joined(separator: "\n")) {
            _ = try lines(with: "", during: 0)
            return texts.allSatisfy { text in log.contains { $0.contains(text) } }
        }
    }

    /// Waits for the program's end.
    ///
    /// - Returns: Its exit status, or 128 + the signal.
    @discardableResult
    public func end() throws -> Int32 {
        var wait = [pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)]
        let deadline = now() + patience
        // A full pipe keeps the program from ending, so read until its end.
        while poll(&wait, 1, 0) == 0 {
            guard now() < deadline else {
                throw Failure("not ended within \(patience) s; the log:\n" + log.joined(separator: "\n"))
            }
            _ = try read(until: deadline, orEnd: true)
        }
        while try read(until: now()) {}
        if !begun.isEmpty { log.append(String(decoding: begun, as: UTF8.self)) }
        begun = []
        var status: Int32 = 0
        waitpid(process, &status, 0)
        isCollected = true
        return linux_exited(status) != 0 ? linux_exit_status(status) : 128 + linux_signal(status)
    }

    /// Waits for output until `deadline`, and reads it.
    ///
    /// - Returns: false if no output came.
    private func read(until deadline: Double, orEnd: Bool = false) throws -> Bool {
        var wait = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
        if orEnd { wait.append(pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)) }
        let rest = Int32(max(0, (deadline - now()) * 1000).rounded(.up))
        guard poll(&wait, nfds_t(wait.count), rest) > 0, wait[0].revents != 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = CLinux.read(output, &buffer, buffer.count)
        guard count > 0 else {
            // The program and its children have closed their output: wait until `deadline`, as for a silent program.
            if now() < deadline, !orEnd { poll(nil, 0, rest) }
            return false
        }
        begun += buffer[..<count]
        while let end = begun.firstIndex(of: 10) {
            log.append(String(decoding: begun[..<end], as: UTF8.self))
            begun.removeFirst(end + 1)
        }
        return true
    }
}

/// Runs a program to its end.
///
/// - Returns: Its exit status, and the output of both streams.
@discardableResult
public func run(
    _ words: [String], environment: [String: String?] = [:]
) throws -> (status: Int32, output: String) {
    let program = try Program(words, environment: environment)
    let status = try program.end()
    return (status, program.log.joined(separator: "\n"))
}
