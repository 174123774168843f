import Basics
import Debounce
import Linux

/// Logs what a command writes, under the job's name, until its last child has closed the stream.
final class OutputLog {
    private var stream: Stream?
    private let name: ByteString
    private var output = OutputReader()

    init(_ reader: consuming FileDescriptor, job name: ByteString) {
        self.name = name
        stream = Stream(reader) { [self] in read() }
    }

    func commandEnded() {
        read()
        log(output.end(isLast: false))
    }

    func close() {
        log(output.end(isLast: true))
        stream?.close()
        stream = nil
    }

    /// Logs the bytes in the pipe, at most 64 KB (pipe(7)), so that endless output delays no other job. The 17th read
    /// finds the end of the stream, which Dispatch on Linux reports only once.
    private func read() {
        guard stream != nil else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<17 {
            var count: Int? = 0
            do throws(Fault) { count = try stream?.file?.read(into: &buffer) } catch {}
            guard let count else { return }
            if count == 0 { return close() }
            log(output.read(buffer[..<count], at: Process.now))
        }
    }

    private func log(_ lines: [ByteString]) { for line in lines { Log.info("\(name): \(line)") } }
}
