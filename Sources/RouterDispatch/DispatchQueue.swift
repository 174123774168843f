import Basics
import Linux

/// The main queue: a loop around poll(2), which does one thing after the other on one thread.
public final class DispatchQueue: @unchecked Sendable {
    public static let main = DispatchQueue()

    private var work: [() -> Void] = []
    /// Those that were activated and are not cancelled.
    var sources: [DispatchSource] = []

    /// Does it later, in the order of the calls.
    public func async(execute work: @escaping () -> Void) { self.work.append(work) }

    fileprivate func run() -> Never {
        while true {
            while !work.isEmpty {
                let next = work
                work = []
                for item in next { item() }
            }
            sources.removeAll { $0.isCancelled }
            // Timers that are not set wait for nothing: each job has one. Each source to which something happened has one
            // turn, in the order in which they were activated; those that a handler activates or sets, next time.
            let sources = sources.filter { $0.file != -1 || $0.deadline != nil }
            let readable = Poll.readable(sources.map { $0.file }, until: sources.compactMap { $0.deadline }.min())
            let now = Process.now
            for (index, source) in sources.enumerated() { source.turn(isReadable: readable[index], at: now) }
        }
    }
}

/// Hands the thread over to the main queue.
public func dispatchMain() -> Never { DispatchQueue.main.run() }
