import Basics
import CLinux

/// Lines for whoever watches. A line that can't be written is lost: no reason to stop.
public enum Log {
    /// Standard output: procd logs it as `daemon.info`.
    public static func info(_ line: ByteString) {
        write(line, to: STDOUT_FILENO)
    }

    /// Standard error: procd logs it as `daemon.err`.
    public static func error(_ line: ByteString) {
        write(line, to: STDERR_FILENO)
    }

    /// What syslog(3) writes to /dev/log, as `daemon.err`, but for the time, which the log has of its own: that of musl
    /// would bring printf(3) and the time zones onto a router.
    public static func system(_ program: ByteString, _ line: ByteString) {
        let number = linux_log_socket()
        guard number != -1 else { return }
        let log = FileDescriptor(number: number)
        try? log.write("<\(LOG_DAEMON | LOG_ERR)>\(program)[\(Process.number)]: \(line)")
    }

    private static func write(_ line: ByteString, to stream: Int32) {
        (line + "\n").bytes.withUnsafeBytes { bytes in
            var failure: Int32 = 0
            _ = retrying(failure: &failure) { CLinux.write(stream, bytes.baseAddress, bytes.count) }
        }
    }
}
