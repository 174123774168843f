import Aliases
import Basics
import Linux
import Network

/// Probes competing candidates, round by round. The kernel sends the probes and reports the result.
struct Probes: ~Copyable {
    private let presence: Presence
    /// Open only while candidates compete, since the kernel reports every neighbour.
    private var neighbours: Neighbours?
    private var round: [Probed] = []
    private var start = Instant(sinceStart: .zero)
    private var end: Instant?
    /// The addresses that did not answer their last probe.
    private var silent: [Probed] = []

    private final class Probed {
        let host: HostName
        let address: Address
        var answer: Answer?

        init(_ host: HostName, address: Address) { (self.host, self.address) = (host, address) }
    }

    init(_ presence: Presence) { self.presence = presence }

    /// The descriptor of the kernel's reports; -1 if no candidates compete.
    var number: Int32 { mutating get { neighbours?.number ?? -1 } }

    var deadline: Instant? { end ?? presence.next }

    func isDue(at now: Instant) -> Bool {
        guard end != nil else { return presence.next.map { $0 <= now } ?? false }
        return deadline! <= now || !round.contains { $0.answer == nil }
    }

    /// Updates the candidates, and probes those that are due.
    /// - Throws: `system` if the kernel can't be asked.
    mutating func startRound(_ truth: Truth) throws(Fault) {
        presence.compete(truth.candidates) { truth.known($0).seen }
        if presence.candidates.isEmpty {
            neighbours = nil
            (end, round) = (nil, [])
            return
        }
        if neighbours == nil { neighbours = try Neighbours() }
        for candidate in presence.due(at: truth.context.now) where candidate.answer == nil {
            if end == nil { start = truth.context.now }
            // The kernel's three probes take a bit more than three seconds.
            end = Process.now + Presence.interval
            candidate.answer = .elsewhere
            for address in truth.known(candidate.host).addresses where try neighbours?.ask(address) ?? false {
                round.append(Probed(candidate.host, address: address))
            }
        }
    }

    /// Records the results of a round.
    /// - Throws: `cannotCreate`.
    mutating func finishRound(_ context: Context) throws(Fault) {
        if end == nil { return }
        silent = silent.filter { one in !round.contains { $0.host == one.host } }
        for candidate in presence.candidates where candidate.answer != nil {
            for probed in round where probed.host == candidate.host {
                candidate.answer = max(candidate.answer!, probed.answer ?? .undecided)
                if probed.answer == .silent { silent.append(probed) }
            }
        }
        (end, round) = (nil, [])
        let changed = presence.recordRound(from: start, at: context.now)
        try context.save(presence)
        for candidate in changed { Log.info("\(candidate.host): \(candidate.verdict.sentence)") }
    }

    mutating func read() {
        // After an overflow the round ends without the lost reports.
        guard let news = (try? neighbours?.readNotices()) ?? nil else { return }
        for one in news {
            guard let answer = one.answer else { continue }
            var isAnswer = answer == .silent
            for probed in round where probed.address == one.address && probed.answer == nil {
                isAnswer = true
                if answer != .undecided { probed.answer = answer }
            }
            for old in silent where !isAnswer && old.address == one.address {
                presence.probe(old.host, at: Process.now)
            }
        }
    }
}

extension Presence.Verdict {
    fileprivate var sentence: ByteString {
        switch self {
        case .unknown: "can't be probed"
        case .reachable: "is reachable"
        case .unreachable: "is unreachable, and others answer"
        }
    }
}
