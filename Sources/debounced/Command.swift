import Basics
import Debounce
import Dispatch
import Linux

/// One run of a job's command.
final class Command {
    private let child: ChildProcess
    private let ended: DispatchSourceRead
    private let output: OutputLog?
    /// TERM or KILL has been sent.
    private var isEnding = false

    /// Starts the command.
    ///
    /// - Parameters:
    ///   - processFile: Where it leaves its process number before it begins.
    ///   - handler: Called once, when it has ended.
    /// - Throws: `system` if it can't be started.
    convenience init(
        _ job: Job, processFile: ByteString, _ handler: @escaping (ChildProcess.Outcome?) -> Void
    ) throws(Fault) {
        let pipe = try Pipe()
        let child = try ChildProcess(
            shell: job.command, then: job.verify, of: job.name, output: pipe.writer, processFile: processFile)
        self.init(child, OutputLog(pipe.reader, job.name), handler)
    }

    /// Watches a command that an earlier daemon started. With which status it ends only that daemon could have learned.
    ///
    /// - Throws: `system` if it can't be watched.
    convenience init(
        adopting process: RunningProcess, _ handler: @escaping (ChildProcess.Outcome?) -> Void
    ) throws(Fault) {
        self.init(try ChildProcess(adopting: process), nil, handler)
    }

    private init(
        _ child: consuming ChildProcess, _ output: OutputLog?, _ handler: @escaping (ChildProcess.Outcome?) -> Void
    ) {
        ended = DispatchSource.makeReadSource(fileDescriptor: child.ended.number, queue: .main)
        self.child = child
        self.output = output
        ended.setEventHandler { [self] in
            ended.cancel()
            // Once the command was told to end, no process of its group may outlive it. The group's number is that of
            // its leader, which is not given to another process before `collect`.
            if isEnding { self.child.signal(.kill) }
            output?.commandEnded()
            handler(self.child.collect())
        }
        // Keeps the pidfd open until Dispatch no longer uses it.
        ended.setCancelHandler { [self] in withExtendedLifetime(self) {} }
        ended.activate()
    }

    /// Sends a signal to the whole process group.
    func signal(_ signal: Signal) {
        isEnding = true
        child.signal(signal)
    }
}
