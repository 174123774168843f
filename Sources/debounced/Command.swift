import Basics
import Dispatch
import Linux

/// A process of a run: a job's command, or its verification.
final class Command {
    private let child: ChildProcess
    /// nil if an earlier daemon has it.
    let output: OutputLog?
    private let handler: (ChildProcess.Outcome?) -> Void
    /// TERM or KILL has been sent.
    private(set) var isSignalled = false
    /// The process whose end is awaited after the leader's.
    private var member: FileDescriptor?

    /// Starts a line of shell.
    ///
    /// - Parameters:
    ///   - job: The job's name, for the log and for DEBOUNCED_JOB.
    ///   - environment: Further variables, as NAME=VALUE.
    ///   - processFile: Where it leaves its process number before it begins.
    ///   - handler: Called once, when the command has ended. After a signal that is when no process of its group is left.
    /// - Throws: `system` if it can't be started.
    convenience init(
        _ line: ByteString, of job: ByteString, environment: [ByteString], processFile: ByteString,
        onEnd handler: @escaping (ChildProcess.Outcome?) -> Void
    ) throws(Fault) {
        let pipe = try Pipe()
        let child = try ChildProcess(
            shell: line, environment: ["DEBOUNCED_JOB=\(job)"] + environment, output: pipe.writer,
            processFile: processFile)
        self.init(child, output: OutputLog(pipe.reader, job: job), onEnd: handler)
    }

    /// Watches a command that runs.
    init(_ child: consuming ChildProcess, output: OutputLog?, onEnd handler: @escaping (ChildProcess.Outcome?) -> Void)
    {
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
        if isSignalled {
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
        isSignalled = true
        child.signal(signal)
    }
}
