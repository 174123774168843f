import Basics
import CLinux

/// The process that we are: its arguments, environment, signals, clock and end.
public enum Process {
    /// The arguments without the program's name. Embedded Swift has no `CommandLine`.
    public static let arguments: [ByteString] = {
        var words: [ByteString] = []
        var next = linux_arguments()! + 1
        while let word = next.pointee {
            words.append(ByteString(cString: word))
            next += 1
        }
        return words
    }()

    /// The version of the package that the program is part of; `unreleased` if it was not built for one.
    public static var version: ByteString { ByteString(cString: linux_program_version()) }

    /// getenv(3); nil if the variable isn't set.
    public static func environment(_ name: StaticString) -> ByteString? {
        getenv(name.cString).map { ByteString(cString: $0) }
    }

    /// A variable that process 1 was started with: proc(5), /proc/PID/environ. nil if it isn't set, or not for us to know.
    public static func environmentOfInit(_ name: StaticString) -> ByteString? {
        let variables = (try? Files.read("/proc/1/environ"))?.parts { $0 == 0 } ?? []
        return variables.values(of: "\(literal: name)=").first
    }

    public static var isRoot: Bool { user == 0 }
    /// Standard output is a terminal: isatty(3).
    public static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    public static let user = geteuid()
    public static var number: pid_t { getpid() }

    /// The host's name as the kernel has it: gethostname(2).
    public static var hostName: ByteString {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return ByteString(cString: name)
    }

    /// CLOCK_MONOTONIC: it does not jump when the router learns the time.
    public static var now: Instant { Instant(sinceStart: time(CLOCK_MONOTONIC)) }

    /// CLOCK_REALTIME, since 1970: it jumps when the router learns the time.
    public static var wallClock: Duration { time(CLOCK_REALTIME) }

    private static func time(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return Duration(time)
    }

    /// Does nothing for a while: nanosleep(2).
    public static func pause(_ duration: Duration) {
        let (seconds, microseconds) = duration.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        var time = timespec(tv_sec: time_t(seconds), tv_nsec: Int(microseconds) * 1000)
        nanosleep(&time, nil)
    }

    /// Sets the signals' actions, whatever the parent left: dnsmasq's script helper and a shell's `&` ignore some.
    ///
    /// TERM must end a program, and an ignored SIGCHLD would hide how a child ended. SIGPIPE is ignored: a write to a FIFO
    /// without a reader then fails with EPIPE, and a log without a reader ends nothing.
    public static func resetSignals() {
        for number in [SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGCHLD] { linux_signal_default(number) }
        linux_signal_ignore(SIGPIPE)
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }

    /// Lets no command inherit a file that our own parent left open: close_range(2). A kernel older than 5.11 can't;
    /// under procd there is nothing to do.
    public static func closeInheritedFilesOnExec() { _ = linux_close_on_exec_from(3) }

    public static func exit(_ status: Int32) -> Never { CLinux.exit(status) }
}

extension Duration {
    init(_ time: timespec) { self = .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec) }
}
