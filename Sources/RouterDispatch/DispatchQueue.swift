import Basics
import Linux

/// The main queue: a loop around poll(2), which does one thing after the other on one thread.
public final class DispatchQueue: @unchecked Sendable {
    public static let main = DispatchQueue()

    private var work: [() -> Void] = []
    private var sources: [DispatchSource] = []

    /// Does it later, in the order of the calls.
    public func async(execute work: @escaping () -> Void) {
        later(work)
    }

    /// The same, for the sources.
    func later(_ work: @escaping () -> Void) {
        self.work.append(work)
    }

    func watch(_ source: DispatchSource) {
        sources.append(source)
    }

    fileprivate func run() -> Never {
        while true {
            while !work.isEmpty {
                let next = work
                work = []
                for item in next { item() }
            }
            sources.removeAll { $0.isCancelled }
            handleEvents()
        }
    }

    /// Waits for something to happen, then gives each source that it happened to one turn, in the order in which they
    /// were activated.
    private func handleEvents() {
        // Timers that are not set wait for nothing: each job has one. Sources that a handler activates or sets have their
        // turn next time.
        let sources = sources.filter { $0.file != -1 || $0.deadline != nil }
        let readable = Poll.readable(sources.map { $0.file }, until: sources.compactMap { $0.deadline }.min())
        let now = Process.now
        for (index, source) in sources.enumerated() { source.turn(isReadable: readable[index], at: now) }
    }
}

/// Hands the thread over to the main queue.
public func dispatchMain() -> Never {
    DispatchQueue.main.run()
}
