import TestSupport

/// One system call that is made to fail: `-e inject=` of strace(1).
struct Injection: CustomStringConvertible {
    let call: String
    let error: String
    /// The number of the call in its thread, such as `3`, or a range such as `1..2`.
    let when: String
    /// Limits the fault to calls on this path; nil for all calls.
    var path: String?

    /// The tracer's words, which go before the program's words.
    var tracer: [String] {
        ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", "/dev/null"] + (path.map { ["-P", $0] } ?? [])
            + ["-e", "trace=\(call)", "-e", "inject=\(call):error=\(error):when=\(when)"]
    }

    var description: String { "\(call) \(path ?? ""): \(error), number \(when)" }

    /// The errnos of the manual pages that the machine can cause; errnos of wrong calls are left out.
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

    /// Returns EINTR if the call has it, and one other errno, or two with TESTS=all. Other errnos take turns from place
    /// to place, as each errno at each place takes minutes.
    static func some(_ call: String, _ number: Int) -> [String] {
        let errors = Injection.errors(of: call)!
        let others = errors.filter { $0 != "EINTR" }
        let turns = others.isEmpty ? [] : (Extent.isAll ? [0, 1] : [0]).map { others[(number + $0) % others.count] }
        return errors.filter { $0 == "EINTR" } + turns
    }
}
