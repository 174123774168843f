import Basics
import Linux

/// One round of asking whether hosts are there.
public enum Probe {
    /// Looks into the neighbour table, then sends one echo request to each address that is not known there as
    /// reachable.
    ///
    /// Many hosts drop echo requests, but every host on our link has to answer ARP (RFC 826) or neighbour discovery
    /// (RFC 4861). The kernel uses these before it sends a host anything, so the table is read again after the wait.
    ///
    /// - Parameter timeout: How long to wait if not all answer.
    /// - Returns: The answer of each address.
    /// - Throws: `system`, with the errno: EPERM without CAP_NET_RAW.
    public static func ask(
        _ addresses: [ByteString], within timeout: Duration = .seconds(1)
    ) throws(Fault) -> [Answer] {
        var answers = try Neighbours.states(of: addresses).map { $0 == .reachable ? Answer.answered : .silent }
        try ask(&answers, of: addresses) { (silent) throws(Fault) in
            try Echo.answers(from: silent, within: timeout).map { $0 ? .answered : .silent }
        }
        try ask(&answers, of: addresses) { (silent) throws(Fault) in
            try Neighbours.states(of: silent).map { state in
                switch state {
                case .reachable: .answered
                case .probing: .undecided
                case .other: .silent
                }
            }
        }
        return answers
    }

    /// Asks those that have been silent so far, in the given way.
    private static func ask(
        _ answers: inout [Answer], of addresses: [ByteString], _ way: ([ByteString]) throws(Fault) -> [Answer]
    ) throws(Fault) {
        var silent: [ByteString] = []
        for index in answers.indices where answers[index] == .silent { silent.append(addresses[index]) }
        var next = 0
        let found = try way(silent)
        for index in answers.indices where answers[index] == .silent {
            answers[index] = found[next]
            next += 1
        }
    }
}
