import Basics
import Debounce
import Dispatch
import Linux

/// What a command writes, as lines of our log under the job's name. It lives until the last process that holds the
/// stream has closed it: a command may leave a child behind.
final class OutputLog {
    /// nil once Dispatch no longer uses it.
    private var reader: FileDescriptor?
    private let source: DispatchSourceRead
    private let name: ByteString
    private var output = OutputReader()

    init(_ reader: consuming FileDescriptor, _ name: ByteString) {
        source = DispatchSource.makeReadSource(fileDescriptor: reader.number, queue: .main)
        self.reader = consume reader
        self.name = name
        source.setEventHandler { [self] in read() }
        source.setCancelHandler { [self] in self.reader = nil }
        source.activate()
    }

    /// The command has ended: logs what it has left in the pipe, even if a child of its goes on writing.
    func commandEnded() {
        read()
        log(output.end(isLast: false))
    }

    /// Stops reading, even if a child of the command holds the stream open.
    func close() {
        guard !source.isCancelled else { return }
        log(output.end(isLast: true))
        source.cancel()
    }

    /// Logs what is there, in at most 17 reads of 4 KB, so that endless output delays no other job. A pipe holds 16 of them
    /// (pipe(7)). One more read finds its end, of which Dispatch on Linux tells only once.
    private func read() {
        guard !source.isCancelled else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<17 {
            switch try? reader?.read(into: &buffer) {
            case .bytes(let count)?:
                log(output.take(buffer[..<count], at: Process.now))
            case .nothing?:
                return
            case .end?, nil:
                return close()
            }
        }
    }

    private func log(_ lines: [ByteString]) {
        for line in lines { Log.info("\(name): \(line)") }
    }
}
