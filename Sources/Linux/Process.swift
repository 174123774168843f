import Basics
import CLinux

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

    public static var version: ByteString { ByteString(cString: linux_program_version()) }

    public static func environment(_ name: StaticString) -> ByteString? {
        getenv(name.cString).map { ByteString(cString: $0) }
    }

    /// A variable from the environment of process 1: proc(5). nil if this user may not read it.
    public static func environmentOfInit(_ name: StaticString) -> ByteString? {
        let variables = (try? Files.read("/proc/1/environ"))?.parts { $0 == 0 } ?? []
        return variables.values(of: "\(literal: name)=").first
    }

    public static var isRoot: Bool { user == 0 }
    public static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    public static let user = geteuid()
    public static var number: pid_t { getpid() }

    public static var hostName: ByteString {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return ByteString(cString: name)
    }

    /// CLOCK_MONOTONIC, which does not jump.
    public static var now: Instant { Instant(sinceStart: time(CLOCK_MONOTONIC)) }

    /// CLOCK_REALTIME, since 1970. It jumps when the router learns the time.
    public static var wallClock: Duration { time(CLOCK_REALTIME) }

    private static func time(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return Duration(time)
    }

    public static func pause(_ duration: Duration) {
        let (seconds, microseconds) = duration.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        var time = timespec(tv_sec: time_t(seconds), tv_nsec: Int(microseconds) * 1000)
        nanosleep(&time, nil)
    }

    /// Sets the actions of signals: a parent such as dnsmasq's script helper may ignore some. An ignored SIGCHLD would
    /// hide how a child ended. SIGPIPE is ignored: a write without a reader fails with EPIPE.
    public static func resetSignals() {
        for number in [SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGCHLD] { linux_signal_default(number) }
        linux_signal_ignore(SIGPIPE)
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }

    /// Keeps commands from inheriting the parent's open files: close_range(2). Without effect before Linux 5.11.
    public static func closeInheritedFilesOnExec() { _ = linux_close_on_exec_from(3) }

    public static func exit(_ status: Int32) -> Never { CLinux.exit(status) }
}

extension Duration {
    init(_ time: timespec) { self = .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec) }
}
