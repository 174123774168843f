import Basics
import CLinux

public enum Log {
    /// Standard output: procd logs the line as `daemon.info`.
    public static func info(_ line: ByteString) { write(line, to: STDOUT_FILENO) }

    /// Standard error: procd logs the line as `daemon.err`.
    public static func error(_ line: ByteString) { write(line, to: STDERR_FILENO) }

    /// Prints the answer to a call with `--json`: the exit status, a message, and the number of the awaited run.
    public static func answer(status: Int32, _ text: ByteString = "", run: Int? = nil) {
        let run: ByteString = run.map { "\($0)" } ?? "null"
        info(ByteString(json: "now status text run", [Process.now.json, "\(status)", text.json, run]))
    }

    /// Sends a line to /dev/log as `daemon.err`, in the format of syslog(3) without the time, which the log adds.
    /// musl's syslog(3) brings printf(3) and time zones into the program.
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
