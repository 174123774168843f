import Basics
import Debounce
import Ledger

/// The requests for one job that were seen, in the FIFO or in the ledger, and not yet counted.
final class Inbox {
    /// The result of a look into the ledger: the requester of each request to be counted, the ages of the first and the last
    /// request, and the number of requests that were not counted before.
    typealias News = (requesters: [ByteString], ages: (first: Duration, last: Duration), count: UInt64)

    private let job: ByteString
    private let ledger: RequestLedger
    /// Notifications since the last look into the ledger, which names their requesters.
    private var notifications = 0
    /// Requests that were found in the ledger before their notification came.
    private var early = 0
    /// The pending events that are counted.
    private var known: [ByteString] = []
    /// A request came as a line in the FIFO, and the daemon could not write it into the ledger yet.
    private var isOnlyHere = false

    init(_ job: ByteString, ledger: RequestLedger) { (self.job, self.ledger) = (job, ledger) }

    var isNotified: Bool { notifications > 0 }
    private var byHand: Request { Request(.request, job: job) }

    /// A program has written a request into the ledger. One look serves all notifications that came before it.
    func notify() { notifications += 1 }

    /// Looks for requests in the ledger that are not yet counted.
    ///
    /// - Parameters:
    ///   - isWaiting: What was counted still waits.
    ///   - longest: No request can be older.
    /// - Returns: nil if there is none.
    /// - Throws: `cannotCreate`.
    func read(isWaiting: Bool, longest: Duration) throws(Fault) -> News? {
        // Also if it fails: then they are counted without their requesters.
        defer { notifications = 0 }
        let events = try ledger.events(of: job)
        let counted = isWaiting ? known : []
        let new = events.filter { event in !counted.contains(where: { $0 == event }) }
        known = events
        if notifications == 0, new.isEmpty { return nil }
        // Without a new event, a request was repeated, or was found before its notification came.
        let late = new.isEmpty ? min(early, notifications) : 0
        early += notifications == 0 ? 1 : -late
        let ages = notifications > 0 || isWaiting ? nil : try ledger.age(of: job, longest: longest)
        let from = !new.isEmpty ? new : events.isEmpty ? [Request.others] : events
        // One notification may be for many requests, and a requester may have sent many.
        let requesters = (0..<max(notifications, new.count)).map { from[min($0, from.count - 1)].requester }
        return (requesters, ages ?? (.zero, .zero), UInt64(max(notifications, 1) - late))
    }

    /// A request came as a line in the FIFO.
    ///
    /// - Throws: `cannotCreate`; `saveToLedger` tries again.
    func addByHand() throws(Fault) {
        if known.contains(where: { $0 == byHand.requester }) { return }
        isOnlyHere = true
        try saveToLedger()
    }

    /// Writes requests by hand into the ledger, unless they stand there.
    ///
    /// - Throws: `cannotCreate`.
    func saveToLedger() throws(Fault) {
        guard isOnlyHere else { return }
        try ledger.add(.fifo, to: job, event: byHand.line)
        known.append(byHand.requester)
        isOnlyHere = false
    }

    /// A failed run has put its requests back, which are counted already.
    func recordReturned(_ events: [ByteString]) { known += events }

    /// All that was counted is carried out or forgotten.
    func clear() {
        isOnlyHere = false
        known = []
        early = 0
    }
}
