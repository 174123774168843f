import Basics

/// One round of asking whether hosts are there.
public enum Probe {
    /// Looks into the neighbour table, then sends one echo request to each address that is not known there as reachable.
    ///
    /// Many hosts drop echo requests, but none on our link can do without ARP (RFC 826) or neighbour discovery (RFC 4861):
    /// what makes the kernel send to a host makes it ask for it, and so the table is looked at again after the wait.
    ///
    /// - Parameter timeout: How long it takes if not all answer.
    /// - Returns: What each of them said.
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

    /// Has `way` ask those that are silent so far.
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
