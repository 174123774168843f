import Basics
import Debounce
import Ledger

/// Finds the requests for one job, in the FIFO or in the ledger, that the debouncer has not counted.
final class Inbox {
    /// The requester of each request to count, the ages of the first and the last request, and the number of requests.
    typealias News = (requesters: [ByteString], ages: (first: Duration, last: Duration), count: UInt64)

    private let job: ByteString
    private let ledger: RequestLedger
    private var notifications = 0
    /// Requests that were read from the ledger before their notification came.
    private var early = 0
    private var known: [ByteString] = []
    /// A request came as a line in the FIFO, and is not in the ledger yet.
    private var isOnlyHere = false

    init(_ job: ByteString, ledger: RequestLedger) { (self.job, self.ledger) = (job, ledger) }

    var isNotified: Bool { notifications > 0 }
    private var byHand: Request { Request(.request, job: job) }

    /// A program has written a request into the ledger. One read serves all earlier notifications.
    func notify() { notifications += 1 }

    /// Reads the ledger for requests that are not counted.
    /// - Parameters:
    ///   - isWaiting: The counted requests still wait.
    ///   - longest: The greatest age that a request can have.
    /// - Returns: nil if all requests are counted.
    /// - Throws: `cannotCreate`. The notifications are dropped: the caller must count a request without a requester.
    func read(isWaiting: Bool, longest: Duration) throws(Fault) -> News? {
        defer { notifications = 0 }
        let events = try ledger.events(of: job)
        let counted = isWaiting ? known : []
        let new = events.filter { event in !counted.contains(where: { $0 == event }) }
        known = events
        if notifications == 0, new.isEmpty { return nil }
        // Without a new event, a request was repeated, or was read before its notification came.
        let late = new.isEmpty ? min(early, notifications) : 0
        early += notifications == 0 ? 1 : -late
        let ages = notifications > 0 || isWaiting ? nil : try ledger.age(of: job, longest: longest)
        let from = !new.isEmpty ? new : events.isEmpty ? [Request.others] : events
        // One notification may be for many requests, and a requester may have sent many notifications.
        let requesters = (0..<max(notifications, new.count)).map { from[min($0, from.count - 1)].requester }
        return (requesters, ages ?? (.zero, .zero), UInt64(max(notifications, 1) - late))
    }

    /// Records a request that came as a line in the FIFO.
    /// - Throws: `cannotCreate`; `saveToLedger` tries again.
    func addByHand() throws(Fault) {
        if known.contains(where: { $0 == byHand.requester }) { return }
        isOnlyHere = true
        try saveToLedger()
    }

    /// Writes a request that is only here into the ledger.
    /// - Throws: `cannotCreate`.
    func saveToLedger() throws(Fault) {
        guard isOnlyHere else { return }
        try ledger.add(.fifo, to: job, event: byHand.line)
        known.append(byHand.requester)
        isOnlyHere = false
    }

    /// Records that a failed run has returned its requests to the ledger. They are counted.
    func recordReturned(_ events: [ByteString]) { known += events }

    /// Forgets the counted requests: a run has taken them, or they were cancelled.
    func clear() {
        isOnlyHere = false
        known = []
        early = 0
    }
}
