import Basics
import Configuration
import Network

/// Which rivals are there: targets of one alias that all have a lease. From what each round of asking them found, and
/// from nothing else.
///
/// Two silent rounds in a row call a rival silent, but only while one that it competes with answers: if nobody does, all
/// verdicts stay, so that a machine that sleeps keeps its name. Those that answer in the same round are different machines.
public final class Presence {
    public enum Verdict: ByteString, Sendable {
        /// It has not been asked since it came, or it is on no link of ours.
        case unknown
        case answers, silent
    }

    /// How far one round of asking who answers is from the next.
    public static let interval = Duration.seconds(5)
    /// The same for who does not. The kernel asks three times by broadcast in each.
    public static let longInterval = Duration.seconds(30)
    /// So many silent rounds in a row call a rival silent.
    private static let limit = 2

    public final class Rival {
        public let host: HostName
        public fileprivate(set) var verdict = Verdict.unknown
        /// When it answered last; nil: never.
        public fileprivate(set) var answered: Instant?
        /// How many rounds it has been silent in a row.
        public fileprivate(set) var silences = 0
        /// When it is to be asked.
        fileprivate var due = Instant(sinceStart: .zero)
        /// It is on a link of ours, as far as we know.
        fileprivate var isNear = true
        /// What the round that goes on has found; nil: it has not been asked.
        public var answer: Answer?
        fileprivate var before = Verdict.unknown

        fileprivate init(_ host: HostName) { self.host = host }

        /// It was silent so often that it is asked only now and then.
        public var isAway: Bool { silences >= Presence.limit }
    }

    public private(set) var rivals: [Rival] = []
    /// Those of each alias.
    private var groups: [[HostName]] = []

    public init() {}

    /// nil: it is none, or nothing is known of it yet.
    public func rival(_ host: HostName) -> Rival? {
        for rival in rivals where rival.host == host { return rival }
        return nil
    }

    public func verdict(of host: HostName) -> Verdict { rival(host)?.verdict ?? .unknown }

    /// Probes new rivals at once, and drops hosts that no longer compete.
    ///
    /// - Parameter groups: Of each alias the targets that have a lease, if there are two or more.
    public func compete(_ groups: [[HostName]]) {
        self.groups = groups
        var left: [Rival] = []
        for group in groups {
            for host in group {
                let rival = rival(host) ?? Rival(host)
                if !left.contains(where: { $0 === rival }) { left.append(rival) }
            }
        }
        rivals = left
    }

    /// A rival was heard, or an event has named it: it is asked at once.
    public func ask(_ host: HostName, at now: Instant) {
        if let rival = rival(host) { rival.due = min(rival.due, now) }
    }

    /// An event shows that a host is there: it is to be asked anew, unless that is known. If it were not left alone then, each
    /// renewal of one of two machines would put in doubt that they are two.
    ///
    /// - Returns: Whether anything has changed.
    public func forget(_ host: HostName) -> Bool {
        guard let rival = rival(host), rival.verdict != .answers || rival.isAway else { return false }
        rivals = rivals.filter { $0 !== rival }
        return true
    }

    /// When somebody is to be asked; nil: there are no rivals.
    public var next: Instant? {
        var next: Instant?
        for rival in rivals { next = next.earlier(rival.due) }
        return next
    }

    /// Who is to be asked now. Rivals are asked together, so that their answers can be compared; but not for the sake of
    /// others those that are away, or can't be asked.
    public func due(at now: Instant) -> [Rival] {
        rivals.filter { one in
            one.due <= now || !one.isAway && one.isNear && hasMate(one) { $0.due <= now }
        }
    }

    /// Whether a rival competes with such a one.
    private func hasMate(_ one: Rival, _ isSuch: (Rival) -> Bool) -> Bool {
        for group in groups where group.contains(where: { $0 == one.host }) {
            for other in rivals where other !== one && group.contains(where: { $0 == other.host }) && isSuch(other) {
                return true
            }
        }
        return false
    }

    /// Takes what a round found: the `answer` of those who were asked, which is given back.
    ///
    /// - Parameter now: When the round was over.
    /// - Returns: Those of which another thing is known now.
    public func note(at now: Instant) -> [Rival] {
        for rival in rivals {
            rival.before = rival.verdict
            guard let answer = rival.answer else { continue }
            rival.isNear = answer != .elsewhere
            rival.due = now + Presence.interval
            switch answer {
            case .answered:
                rival.answered = now
                rival.silences = 0
            case .silent:
                // Not without end: nobody reads that.
                rival.silences = min(rival.silences + 1, 1_000_000)
                rival.due = rival.isAway ? now + Presence.longInterval : now
            case .elsewhere:
                rival.verdict = .unknown
                rival.silences = 0
                rival.due = now + Presence.longInterval
            case .undecided: break
            }
        }
        for rival in rivals where rival.isAway && hasMate(rival, { $0.answer == .answered }) { rival.verdict = .silent }
        for rival in rivals where rival.answer == .answered && rival.verdict != .answers {
            // As long as it is open whether another one answers too, nobody knows whether they are two machines.
            let isOpen = hasMate(rival) { $0.isNear && $0.verdict != .silent && $0.answer != .answered }
            if isOpen { rival.due = now } else { rival.verdict = .answers }
        }
        for rival in rivals { rival.answer = nil }
        return rivals.filter { $0.verdict != $0.before }
    }

    // MARK: The file

    /// Lines `HOST VERDICT ANSWERED SILENCES`, in the order of the hosts.
    public var text: ByteString {
        rivals.map { rival in
            let answered = rival.answered.map { ByteString(seconds: $0.sinceStart) } ?? "-"
            return "\(rival.host) \(rival.verdict.rawValue) \(answered) \(rival.silences)"
        }.sorted().joined(separator: "\n")
    }

    /// Reads such a text. All that stand in it are to be asked at once.
    public init(text: ByteString) {
        for words in text.lines.map({ $0.words }) where words.count == 4 {
            guard let host = HostName(words[0]), let verdict = Verdict(rawValue: words[1]) else { continue }
            let rival = Rival(host)
            rival.verdict = verdict
            rival.answered = words[2].seconds.map { Instant(sinceStart: $0) }
            rival.silences = words[3].wholeNumber ?? 0
            rivals.append(rival)
        }
    }

    /// Others may have taken a line out, since an event has shown that the host is there: it is to be asked anew.
    public func take(_ there: Presence) {
        for (index, rival) in rivals.enumerated() where there.rival(rival.host) == nil {
            rivals[index] = Rival(rival.host)
            rivals[index].answer = rival.answer
        }
    }
}

extension Alias {
    /// Whether rivals may have to be asked.
    public var mayHaveRivals: Bool { isProbed && targets.count > 1 }

    /// The targets that compete: those that have a lease, if there are two or more and they are to be asked.
    public func rivals(hasLease: (HostName) throws(Fault) -> Bool) throws(Fault) -> [HostName] {
        guard mayHaveRivals else { return [] }
        var hosts: [HostName] = []
        for target in targets where try hasLease(target.host) { hosts.append(target.host) }
        return hosts.count > 1 ? hosts : []
    }
}
