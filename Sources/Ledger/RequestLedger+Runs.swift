import Basics
import Linux

/// The numbers of a job's runs: the file `FOLDER/taken/JOB`, one line `BEGUN ENDED STATUS`. Each run has the next
/// number, as long as the folder exists, so a number tells a run from every other.
public struct Runs: Equatable, Sendable {
    /// The number of the last run that began; 0 before the first. It is written before the command starts.
    public var begun = 0
    /// The number of the last run that ended and is not tried again. Written before the requests are removed.
    public var ended = 0
    /// The exit status of the run `ended`: 128 + N if signal N ended it.
    public var status: Int32 = 0
}

extension RequestLedger {
    private func taken(_ job: ByteString) -> ByteString { "\(folder)/taken/\(job)" }

    /// - Throws: `cannotCreate`.
    public func runs(of job: ByteString) throws(Fault) -> Runs {
        let numbers = try Files.readIfThere(taken(job))?.lines.first?.words.compactMap { $0.wholeNumber } ?? []
        guard numbers.count == 3 else { return Runs() }
        return Runs(begun: numbers[0], ended: numbers[1], status: Int32(clamping: numbers[2]))
    }

    private func write(_ runs: Runs, of job: ByteString) throws(Fault) {
        try Files.makeFolder("\(folder)/taken")
        try Files.replace(taken(job), with: "\(runs.begun) \(runs.ended) \(runs.status)")
    }

    /// Moves the pending requests to `running`, just before the command starts.
    /// - Returns: The number of the run, and the events of all requesters, each after its cause; nil if none is
    ///   pending.
    /// - Throws: `cannotCreate`. Then `returnRequests` puts the requests back.
    public func startRun(of job: ByteString) throws(Fault) -> (run: Int, events: [ByteString])? {
        // No command runs, so a folder here is left over from a fault.
        if try FileStatus(at: running(job)) != nil { try returnRequests(of: job) }
        guard try FileStatus(at: pending(job)) != nil else { return nil }
        try Files.makeFolder("\(folder)/running")
        try Files.rename(pending(job), to: running(job))
        let events = try events(in: running(job))
        guard !events.isEmpty else {
            try Files.removeFolder(running(job))
            return nil
        }
        // After the rename: a reader that finds no `running` also finds the new number.
        var runs = try runs(of: job)
        runs.begun += 1
        try write(runs, of: job)
        return (runs.begun, events)
    }

    /// Ends a run: its requests are done, or given up.
    /// - Throws: `cannotCreate`.
    public func finish(_ job: ByteString, run number: Int, status: Int32) throws(Fault) {
        guard try FileStatus(at: running(job)) != nil else { return }
        try write(Runs(begun: number, ended: number, status: status), of: job)
        // One rename removes all requests together: a daemon takes half a folder for requests.
        let done = running(".done")
        try Files.removeFolder(done)
        try Files.rename(running(job), to: done)
        try Files.removeFolder(done)
    }

    /// Returns the requests of a run to `pending`, to be tried again.
    /// - Throws: `cannotCreate`. A further call returns the requests that are left.
    public func returnRequests(of job: ByteString) throws(Fault) {
        for name in try requests(in: running(job)) {
            for folder in ["\(folder)/pending", pending(job)] { try Files.makeFolder(folder) }
            let path: ByteString = "\(running(job))/\(name)"
            // A newer request of the same requester covers this one.
            _ = try Files.link(path, to: "\(pending(job))/\(name)")
            try Files.remove(path)
        }
        try Files.removeFolder(running(job))
    }

    public enum Step: ByteString, CaseIterable, Sendable { case command, verify }

    /// A folder for each run: a late shell of an earlier run must not find the folder of this one.
    func runFolder(of job: ByteString, run number: Int) -> ByteString { "\(running(job))/.run.\(number)" }

    /// Makes a run's folder, and checks that there is room for the first line of the step's shell. On a full file
    /// system the shell would end, and the run would count as failed.
    /// - Returns: The path at which the shell leaves its line of /proc/PID/stat before it becomes the command. The
    ///   shell ends instead if the path exists, or if its folder is gone.
    /// - Throws: `cannotCreate`.
    public func makeRoom(for step: Step, of job: ByteString, run number: Int) throws(Fault) -> ByteString {
        let place = runFolder(of: job, run: number)
        try Files.makeFolder(place)
        try Files.write("", to: place + "/room")
        try Files.remove(place + "/room")
        return "\(place)/\(step.rawValue)"
    }

    /// Finds the process that an earlier daemon left. The caller must watch it, and return its requests.
    /// - Returns: The process of the command or of its verification; nil if no process runs.
    /// - Throws: `cannotCreate`.
    public func recover(_ job: ByteString) throws(Fault) -> RunningProcess? {
        guard try FileStatus(at: running(job)) != nil else { return nil }
        let place = try runFolder(of: job, run: runs(of: job).begun)
        guard try FileStatus(at: place) != nil else { return nil }
        var found: RunningProcess?
        for step in Step.allCases {
            if let process = try process("\(place)/\(step.rawValue)") { found = process }
        }
        return found
    }

    /// - Parameter file: Made here if it is missing: a shell that starts late finds it, and ends.
    private func process(_ file: ByteString) throws(Fault) -> RunningProcess? {
        if try Files.create(file) { return nil }
        // The shell has made the file, and may need a moment to write it.
        for _ in 0..<100 {
            let line = try Files.read(file)
            if !line.isEmpty { return RunningProcess(stat: line) }
            Process.pause(.milliseconds(10))
        }
        return nil
    }
}
