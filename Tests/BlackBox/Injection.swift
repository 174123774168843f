import TestSupport

/// One system call that is made to fail: `-e inject=` of strace(1).
struct Injection: CustomStringConvertible {
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

    /// Returns EINTR if the call has it, and one other errno, or two with TESTS=all. The others take turns from place to place,
    /// as each errno at each place takes minutes.
    static func some(_ call: String, _ number: Int) -> [String] {
        let errors = Injection.errors(of: call)!
        let others = errors.filter { $0 != "EINTR" }
        let turns = others.isEmpty ? [] : (Extent.isAll ? [0, 1] : [0]).map { others[(number + $0) % others.count] }
        return errors.filter { $0 == "EINTR" } + turns
    }
}
