import Basics
import Network

/// Which targets are up, from what each round of asking them found.
///
/// Three silent rounds in a row call a target down, one answer calls it up; a round that decides nothing does not count,
/// neither way. The kernel asks a host for a few seconds at most before it knows, so such rounds come to an end. A target
/// that nobody has asked yet is up: it has a lease.
public struct Rounds {
    /// How far the start of a round is from that of the next.
    public static let interval = Duration.seconds(5)
    /// So many silent rounds in a row call a target down.
    public static let limit = 3

    public enum Change: Sendable {
        case up, down
    }

    /// Of the targets that did not answer in the last round that decided something: how many silent rounds in a row.
    private var silent: [Silent]

    private final class Silent {
        let target: HostName
        let rounds: Int

        init(_ target: HostName, _ rounds: Int) {
            self.target = target
            self.rounds = rounds
        }
    }

    /// - Parameter down: The targets that were down when somebody else stopped asking.
    public init(down: [HostName] = []) {
        silent = down.map { Silent($0, Rounds.limit) }
    }

    /// The targets that are down.
    public var down: [HostName] {
        silent.filter { $0.rounds == Rounds.limit }.map { $0.target }
    }

    public func isUp(_ target: HostName) -> Bool {
        !down.contains(target)
    }

    /// Takes what a round found of `target`, or an answer that came by another way, such as a new lease.
    ///
    /// - Returns: What that changed, nil if nothing.
    public mutating func note(_ answer: Answer, for target: HostName) -> Change? {
        let index = silent.firstIndex { $0.target == target }
        switch (answer, index) {
        case (.undecided, _), (.answered, nil):
            return nil
        case (.answered, let index?):
            return silent.remove(at: index).rounds == Rounds.limit ? .up : nil
        case (.silent, nil):
            silent.append(Silent(target, 1))
            return nil
        case (.silent, let index?):
            guard silent[index].rounds < Rounds.limit else { return nil }
            silent[index] = Silent(target, silent[index].rounds + 1)
            return silent[index].rounds == Rounds.limit ? .down : nil
        }
    }

    /// Forgets all targets but these: whatever comes back later starts anew.
    public mutating func keep(_ targets: [HostName]) {
        silent.removeAll { !targets.contains($0.target) }
    }
}
