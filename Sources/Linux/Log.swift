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

    /// syslog(3), as `daemon.err`.
    public static func system(_ program: StaticString, _ line: ByteString) {
        program.withUTF8Buffer { name in
            // The name stays where it is as long as the program runs: openlog(3) keeps the pointer.
            let name = UnsafeRawPointer(name.baseAddress!).assumingMemoryBound(to: CChar.self)
            openlog(name, LOG_PID, LOG_DAEMON)
        }
        line.withCString { linux_syslog(LOG_ERR, $0) }
    }

    private static func write(_ line: ByteString, to stream: Int32) {
        (line + "\n").bytes.withUnsafeBytes { bytes in
            var failure: Int32 = 0
            _ = retrying(failure: &failure) { CLinux.write(stream, bytes.baseAddress, bytes.count) }
        }
    }
}
