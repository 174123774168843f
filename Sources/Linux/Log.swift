import Basics
import CLinux

/// Lines for whoever watches. A line that can't be written is lost: no reason to stop.
public enum Log {
    /// Standard output: procd logs it as `daemon.info`.
    public static func info(_ line: ByteString) { write(line, to: STDOUT_FILENO) }

    /// Standard error: procd logs it as `daemon.err`.
    public static func error(_ line: ByteString) { write(line, to: STDERR_FILENO) }

    /// What a call has come to, as JSON on standard output: for whoever asked for that.
    /// - Parameters:
    ///   - status: The exit status.
    ///   - text: What there is to say; empty: nothing.
    ///   - run: The number of the run that was waited for.
    public static func answer(status: Int32, _ text: ByteString = "", run: Int? = nil) {
        let run: ByteString = run.map { "\($0)" } ?? "null"
        info(ByteString(json: "now status text run", [Process.now.json, "\(status)", text.json, run]))
    }

    /// To /dev/log as syslog(3) writes it, as `daemon.err`, but without the time, which the log adds by itself. musl's
    /// syslog(3) would bring printf(3) and the time zones onto a router.
    public static func system(from program: ByteString, _ line: ByteString) {
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
