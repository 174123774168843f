import Basics
import Linux

/// The numbers of a job's runs: the file `FOLDER/taken/JOB`, one line `BEGUN ENDED STATUS`.
///
/// Numbers go up by one with each run and never start again as long as the folder is there. So a run that somebody
/// remembers is told from every later one.
public struct Runs: Equatable, Sendable {
    /// The number of the run that began last; 0 before the first. It is written before the command can see what was
    /// requested.
    public var begun = 0
    /// The number of the last run that ended and is not tried again. It is written before the run's requests go.
    public var ended = 0
    /// The exit status of that run: 128 + N if signal N ended it.
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

    /// Moves what is pending to what is running, just before the command starts.
    ///
    /// - Returns: The number of the run, and the events of all requesters, each behind its cause's name; nil if nothing is
    ///   pending: then the command must not run.
    public func startRun(of job: ByteString) throws(Fault) -> (run: Int, events: [ByteString])? {
        // Nothing runs, so the folder is left over: it could not be put back, or not be removed.
        if try FileStatus(at: running(job)) != nil { try returnRequests(of: job) }
        guard try FileStatus(at: pending(job)) != nil else { return nil }
        try Files.makeFolder("\(folder)/running")
        try Files.rename(pending(job), to: running(job))
        let events = try events(in: running(job))
        guard !events.isEmpty else {
            try Files.removeFolder(running(job))
            return nil
        }
        // After the rename: a reader that finds nothing running also finds the new number.
        var runs = try runs(of: job)
        runs.begun += 1
        try write(runs, of: job)
        return (runs.begun, events)
    }

    /// The run is over, and what was requested is done or given up.
    public func finish(_ job: ByteString, run number: Int, status: Int32) throws(Fault) {
        guard try FileStatus(at: running(job)) != nil else { return }
        try write(Runs(begun: number, ended: number, status: status), of: job)
        // Renamed first, so that it goes in one step: a daemon that finds half of it would take it for a request.
        let done = running(".done")
        try Files.removeFolder(done)
        try Files.rename(running(job), to: done)
        try Files.removeFolder(done)
    }

    /// Puts the requests of a run back, to be tried again.
    public func returnRequests(of job: ByteString) throws(Fault) {
        for name in try requests(in: running(job)) {
            for folder in ["\(folder)/pending", pending(job)] { try Files.makeFolder(folder) }
            let path: ByteString = "\(running(job))/\(name)"
            // A newer request of the same requester is for both.
            _ = try Files.link(path, to: "\(pending(job))/\(name)")
            try Files.remove(path)
        }
        try Files.removeFolder(running(job))
    }

    /// The two processes of a run, one after the other.
    public enum Step: ByteString, CaseIterable, Sendable { case command, verify }

    /// The folder of one run: a shell of an earlier one, which may be late, must not find it.
    func runFolder(of job: ByteString, run number: Int) -> ByteString { "\(running(job))/.run.\(number)" }

    /// Makes a run's folder, and makes sure that there is room for the line that the step's shell writes first. On a full
    /// file system the shell would end there, and the run would count as one that failed.
    ///
    /// - Returns: Where the shell leaves its line of /proc/PID/stat before it becomes the command. If something is there
    ///   already, or the folder has gone, it ends instead.
    /// - Throws: `cannotCreate`.
    public func makeRoom(for step: Step, of job: ByteString, run number: Int) throws(Fault) -> ByteString {
        let place = runFolder(of: job, run: number)
        try Files.makeFolder(place)
        try Files.write("", to: place + "/room")
        try Files.remove(place + "/room")
        return "\(place)/\(step.rawValue)"
    }

    /// Looks for what was running when the last daemon ended. Its requests must be put back once its process is watched or
    /// has ended.
    ///
    /// - Returns: The process of the command or of its verification, if it still runs.
    public func recover(_ job: ByteString) throws(Fault) -> RunningProcess? {
        guard try FileStatus(at: running(job)) != nil else { return nil }
        let place = try runFolder(of: job, run: runs(of: job).begun)
        // No shell was started.
        guard try FileStatus(at: place) != nil else { return nil }
        var found: RunningProcess?
        for step in Step.allCases {
            if let process = try process("\(place)/\(step.rawValue)") { found = process }
        }
        return found
    }

    /// - Parameter file: Made if it is missing: a shell that was started but has not yet made it finds ours, and ends.
    private func process(_ file: ByteString) throws(Fault) -> RunningProcess? {
        if try Files.create(file) { return nil }
        // The shell has made the file, and may yet have to write into it.
        for _ in 0..<100 {
            let line = try Files.read(file)
            if !line.isEmpty { return RunningProcess(stat: line) }
            Process.pause(.milliseconds(10))
        }
        return nil
    }
}
