import Basics
import Linux

/// The main queue: a loop around poll(2) on one thread.
public final class DispatchQueue: @unchecked Sendable {
    public static let main = DispatchQueue()

    private var work: [() -> Void] = []
    var sources: [DispatchSource] = []

    public func async(execute work: @escaping () -> Void) { self.work.append(work) }

    fileprivate func run() -> Never {
        while true {
            while !work.isEmpty {
                let next = work
                work = []
                for item in next { item() }
            }
            sources.removeAll { $0.isCancelled }
            // Each source with an event has one turn, in the order of activation. New sources wait for the next round.
            let sources = sources.filter { $0.file != -1 || $0.deadline != nil }
            let readable = Poll.readable(sources.map { $0.file }, until: sources.compactMap { $0.deadline }.min())
            let now = Process.now
            for (index, source) in sources.enumerated() { source.turn(isReadable: readable[index], at: now) }
        }
    }
}

public func dispatchMain() -> Never { DispatchQueue.main.run() }
