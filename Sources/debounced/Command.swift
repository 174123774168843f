import Basics
import Debounce
import Dispatch
import Linux

/// One run of a job's command.
final class Command {
    private let child: ChildProcess
    private let ended: DispatchSourceRead
    private let output: OutputLog
    /// TERM or KILL has been sent.
    private var isEnding = false

    /// Starts the command.
    ///
    /// - Parameter handler: Called once, when it has ended.
    /// - Throws: `system` if it can't be started.
    init(_ job: Job, _ handler: @escaping (ChildProcess.Outcome) -> Void) throws(Fault) {
        let pipe = try Pipe()
        child = try ChildProcess(shell: job.command, output: pipe.writer)
        output = OutputLog(pipe.reader, job.name)
        ended = DispatchSource.makeReadSource(fileDescriptor: child.ended.number, queue: .main)
        ended.setEventHandler { [self] in
            ended.cancel()
            // Nobody of a group that was told to end may outlive it. The group's number is its leader's, which is
            // not free before `collect`.
            if isEnding { child.signal(.kill) }
            output.read()
            handler(child.collect())
        }
        // Holds the pidfd until Dispatch has let go of it.
        ended.setCancelHandler { [self] in withExtendedLifetime(self) {} }
        ended.activate()
    }

    /// Sends a signal to the whole process group.
    func signal(_ signal: Signal) {
        isEnding = true
        child.signal(signal)
    }
}

/// What a command writes, as lines of our log under the job's name. It lives until the last process that holds the
/// stream has closed it: a command may leave a child behind.
private final class OutputLog {
    /// A longer line is logged in parts.
    private static let longestLine = 1000

    private let reader: FileDescriptor
    private let source: DispatchSourceRead
    private let name: ByteString
    private var line: [UInt8] = []

    init(_ reader: consuming FileDescriptor, _ name: ByteString) {
        source = DispatchSource.makeReadSource(fileDescriptor: reader.number, queue: .main)
        self.reader = reader
        self.name = name
        source.setEventHandler { [self] in read() }
        source.setCancelHandler { [self] in withExtendedLifetime(self) {} }
        source.activate()
    }

    /// Logs what is there now.
    func read() {
        guard !source.isCancelled else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            switch try? reader.read(into: &buffer) {
            case .bytes(let count)?: log(buffer[..<count])
            case .nothing?: return
            case .end?, nil:
                flush()
                source.cancel()
                return
            }
        }
    }

    private func log(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                flush()
                continue
            }
            let isControl = byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F
            line.append(isControl ? UInt8(ascii: "?") : byte)
            if line.count == Self.longestLine { flush() }
        }
    }

    private func flush() {
        if !line.isEmpty { Log.info("\(name): \(ByteString(line))") }
        line = []
    }
}
