import Basics
import Dispatch
import Linux

final class Command {
    private let child: ChildProcess
    /// nil if the process was started by an earlier daemon.
    let output: OutputLog?
    private let handler: (ChildProcess.Outcome?) -> Void
    private(set) var isSignalled = false
    /// A process of the group that outlives the leader after a signal.
    private var member: FileDescriptor?

    /// Starts a line of shell.
    /// - Parameters:
    ///   - job: The job's name, for the log and for DEBOUNCED_JOB.
    ///   - environment: Further variables, as NAME=VALUE.
    ///   - processFile: Where the shell leaves its line of /proc/PID/stat before it becomes the command.
    ///   - handler: Called once, when the command has ended and, after a signal, all processes of its group.
    /// - Throws: `system` if the command can't be started.
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
            // Ends a process that was just forked, or can't be watched. Until `collect`, the group keeps its number.
            child.signal(.kill)
        }
        output?.commandEnded()
        handler(child.collect())
    }

    func signal(_ signal: Signal) {
        isSignalled = true
        child.signal(signal)
    }
}
