import Basics
import Debounce
import Dispatch
import Linux

/// One run of a job's command.
final class Command {
    private let child: ChildProcess
    private let output: OutputLog?
    private let handler: (ChildProcess.Outcome?) -> Void
    /// TERM or KILL has been sent.
    private var isEnding = false
    /// The process whose end is awaited after the leader's.
    private var member: FileDescriptor?

    /// Starts the command.
    ///
    /// - Parameters:
    ///   - processFile: Where it leaves its process number before it begins.
    ///   - handler: Called once, when the command has ended. After a signal that is when no process of its group is left.
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
        self.child = child
        self.output = output
        self.handler = handler
        watch(self.child.ended.number)
    }

    /// Waits for the end of a process, and until Dispatch no longer uses its pidfd.
    private func watch(_ pidfd: Int32) {
        let source = DispatchSource.makeReadSource(fileDescriptor: pidfd, queue: .main)
        source.setEventHandler { source.cancel() }
        source.setCancelHandler { [self] in processEnded() }
        source.activate()
    }

    private func processEnded() {
        if isEnding {
            member = child.member()
            if let pidfd = member?.number { return watch(pidfd) }
            // Ends a process that was just forked, or that can't be watched. No other group has this number before the
            // leader is collected.
            child.signal(.kill)
        }
        output?.commandEnded()
        handler(child.collect())
    }

    /// Sends a signal to the whole process group.
    func signal(_ signal: Signal) {
        isEnding = true
        child.signal(signal)
    }
}
