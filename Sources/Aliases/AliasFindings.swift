import Basics
import Configuration

extension [Alias] {
    /// What can't be right with the aliases, as far as the settings alone don't tell: "FILE:LINE: what is wrong".
    ///
    /// - Parameters:
    ///   - reserved: The host names of the reservations.
    ///   - leased: Those of the leases.
    ///   - router: The router's own.
    public func findings(reserved: [ByteString], leased: [ByteString], router: ByteString) -> [ByteString] {
        var findings: [ByteString] = []
        for alias in self {
            func find(_ what: ByteString) { findings.append("\(alias.place): alias '\(alias.name)' \(what)") }
            if alias.name == router { find("is the router's own name") }
            if reserved.contains(alias.name) || leased.contains(alias.name) {
                find("is a host's own name too: dnsmasq gives the host's address; choose another one")
            }
            if let loop = loop(from: alias) { find("leads back to itself: \(loop.joined(separator: " -> "))") }
            for target in alias.targets where target.host != alias.name && contains(where: { $0.name == target.host }) {
                find("has the alias '\(target.host)' as a target; a target is a host's own name")
            }
            if !alias.targets.contains(where: { reserved.contains($0.host) || leased.contains($0.host) }) {
                let hosts = alias.targets.map { $0.host }.joined(separator: ", ")
                find("has no target that any reservation or lease so far knows: \(hosts)")
            }
        }
        return findings
    }

    /// The names on the way back to an alias that is its own target, perhaps by way of others.
    private func loop(from start: Alias) -> [ByteString]? {
        var ways: [[ByteString]] = [[start.name]]
        var visited: [ByteString] = []
        while let way = ways.popLast() {
            guard let alias = first(where: { $0.name == way[way.count - 1] }) else { continue }
            for target in alias.targets {
                if target.host == start.name { return way + [start.name] }
                if visited.contains(target.host) { continue }
                visited.append(target.host)
                ways.append(way + [target.host])
            }
        }
        return nil
    }
}
