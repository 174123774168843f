import Basics
import Configuration
import Network

/// Tells which candidates are reachable: targets of one alias that are up at the same time. The verdict follows from
/// the results of the rounds of probes.
///
/// Two misses in a row make a candidate unreachable, but only while a competing candidate answers. If no candidate
/// answers, all verdicts stay, so a machine that sleeps keeps its alias. Candidates of
/// different systems that answer in one round are different machines.
public final class Presence {
    public enum Verdict: ByteString, Sendable {
        /// The candidate is new, or it is on no link of the router.
        case unknown
        case reachable, unreachable
    }

    /// The time between two rounds for a candidate that answers.
    public static let interval = Duration.seconds(5)
    /// The time between two rounds for a candidate that does not answer. The kernel asks three times in each.
    public static let longInterval = Duration.seconds(30)
    /// The number of misses in a row after which a candidate is unreachable.
    private static let limit = 2

    public final class Candidate {
        public let host: HostName
        public fileprivate(set) var verdict = Verdict.unknown
        /// The moment of the last answer; nil if there was no answer.
        public fileprivate(set) var reached: Instant?
        public fileprivate(set) var misses = 0
        /// The start of the last round; nil before the first.
        fileprivate var probed: Instant?
        fileprivate var due = Instant(sinceStart: .zero)
        /// The candidate is on a link of the router, as far as is known.
        fileprivate var isNear = true
        /// The result of the present round; nil if the candidate was not probed.
        public var answer: Answer?
        fileprivate var before = Verdict.unknown

        fileprivate init(_ host: HostName) { self.host = host }

        /// The candidate is probed only every `longInterval`.
        public var isAway: Bool { misses >= Presence.limit }

        /// Whether the host must be probed again, since a later event showed that it is there. A reachable host is left
        /// alone: a renewal must not put in doubt that two hosts are two machines.
        fileprivate func isOutdated(by seen: Instant?) -> Bool {
            guard let seen, let probed, seen > probed else { return false }
            return verdict != .reachable || isAway
        }
    }

    public private(set) var candidates: [Candidate] = []
    private var groups: [[HostName]] = []

    public init() {}

    /// Returns nil if the host does not compete.
    public func candidate(_ host: HostName) -> Candidate? { candidates.first { $0.host == host } }

    /// - Parameter seen: Returns when an event last showed that the host is there.
    public func verdict(of host: HostName, seen: (HostName) -> Instant?) -> Verdict {
        guard let candidate = candidate(host), !candidate.isOutdated(by: seen(host)) else { return .unknown }
        return candidate.verdict
    }

    /// Probes new candidates at once, and drops hosts that no longer compete.
    /// - Parameters:
    ///   - groups: For each alias the targets that are up, if there are two or more.
    ///   - seen: Returns when an event last showed that a host is there.
    public func compete(_ groups: [[HostName]], seen: (HostName) -> Instant?) {
        self.groups = groups
        candidates = groups.flatMap { $0 }.uniqued.map { host in
            candidate(host).flatMap { $0.isOutdated(by: seen(host)) ? nil : $0 } ?? Candidate(host)
        }
    }

    /// Makes a candidate due now, since it was heard.
    public func probe(_ host: HostName, at now: Instant) {
        if let candidate = candidate(host) { candidate.due = min(candidate.due, now) }
    }

    public var next: Instant? { candidates.reduce(nil) { earliest($0, $1.due) } }

    /// Returns the candidates that must be probed now. Competing candidates are probed together, so that their answers
    /// can be compared. Candidates that are away, or on no link, keep their own schedule.
    public func due(at now: Instant) -> [Candidate] {
        candidates.filter { one in one.due <= now || !one.isAway && one.isNear && hasCompetitor(one) { $0.due <= now } }
    }

    /// Whether a candidate competes with a matching candidate.
    private func hasCompetitor(_ one: Candidate, _ isMatching: (Candidate) -> Bool) -> Bool {
        groups.contains { group in
            group.contains(one.host) && candidates.contains { $0 !== one && group.contains($0.host) && isMatching($0) }
        }
    }

    /// Records the `answer` of each probed candidate, and clears it.
    /// - Parameters:
    ///   - start: When the round began.
    ///   - now: When the round was over.
    /// - Returns: The candidates with a changed verdict.
    public func recordRound(from start: Instant, at now: Instant) -> [Candidate] {
        for candidate in candidates {
            candidate.before = candidate.verdict
            guard let answer = candidate.answer else { continue }
            (candidate.isNear, candidate.probed) = (answer != .elsewhere, start)
            candidate.due = now + (answer == .elsewhere ? Presence.longInterval : Presence.interval)
            switch answer {
            case .answered: (candidate.reached, candidate.misses) = (now, 0)
            case .silent:
                candidate.misses = min(candidate.misses + 1, 1_000_000)
                candidate.due = candidate.isAway ? now + Presence.longInterval : now
            case .elsewhere: (candidate.verdict, candidate.misses) = (.unknown, 0)
            case .undecided: break
            }
        }
        for one in candidates where one.isAway && hasCompetitor(one, { $0.answer == .answered }) {
            one.verdict = .unreachable
        }
        for one in candidates where one.answer == .answered && one.verdict != .reachable {
            // While another candidate's answer is open, the two may be one machine.
            let isOpen = hasCompetitor(one) { $0.isNear && $0.verdict != .unreachable && $0.answer != .answered }
            if isOpen { one.due = now } else { one.verdict = .reachable }
        }
        for candidate in candidates { candidate.answer = nil }
        return candidates.filter { $0.verdict != $0.before }
    }

    // MARK: The file

    /// Lines `HOST VERDICT REACHED MISSES PROBED`, in the order of the hosts.
    public var text: ByteString {
        candidates.map { one in
            func shown(_ moment: Instant?) -> ByteString { moment.map { ByteString(seconds: $0.sinceStart) } ?? "-" }
            return "\(one.host) \(one.verdict.rawValue) \(shown(one.reached)) \(one.misses) \(shown(one.probed))"
        }.sorted().joined(separator: "\n")
    }

    /// Reads the text of `text`. All its candidates are due at once.
    public init(text: ByteString) {
        for words in text.lines.map({ $0.words }) where words.count == 5 {
            guard let host = HostName(words[0]), let verdict = Verdict(rawValue: words[1]) else { continue }
            let candidate = Candidate(host)
            candidate.verdict = verdict
            candidate.reached = words[2].seconds.map { Instant(sinceStart: $0) }
            candidate.misses = words[3].wholeNumber ?? 0
            candidate.probed = words[4].seconds.map { Instant(sinceStart: $0) }
            candidates.append(candidate)
        }
    }
}

extension Alias {
    /// Returns the targets that are up, if there are two or more and they may be probed.
    public func candidates(isUp: (HostName) -> Bool) -> [HostName] {
        let hosts = isProbed && targets.count > 1 ? targets.map { $0.host }.filter(isUp) : []
        return hosts.count > 1 ? hosts : []
    }
}
