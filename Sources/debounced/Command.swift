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
        let child = try ChildProcess(shell: job.command, output: pipe.writer, processFile: processFile)
        self.init(child, OutputLog(pipe.reader, job.name), handler)
    }

    /// Watches a command that an earlier daemon started. How it ends is not told.
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
            // Nobody of a group that was told to end may outlive it. The group's number is its leader's, which is
            // not free before `collect`.
            if isEnding { self.child.signal(.kill) }
            output?.read()
            handler(self.child.collect())
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
