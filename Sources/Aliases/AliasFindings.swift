import Basics
import Configuration

extension [Alias] {
    /// Returns the problems of aliases that the settings alone don't show.
    /// - Parameters:
    ///   - reserved: The host names of the reservations.
    ///   - leased: The host names of the leases.
    ///   - router: The router's own name.
    ///   - domains: The domains of the instances of dnsmasq.
    ///   - others: Other names that dnsmasq answers, in lower case: lines `NAME PLACE`.
    public func findings(
        reserved: [HostName], leased: [HostName], router: ByteString, domains: [ByteString] = [],
        others: [ByteString] = []
    ) -> [Finding] {
        let known = (reserved + leased).map { $0.text }
        var findings: [Finding] = []
        for alias in self {
            func find(_ what: ByteString) {
                findings.append(Finding(.problem, at: alias.place, "alias '\(alias.name)' \(what)"))
            }
            let names = [alias.name.text] + domains.map { "\(alias.name).\($0)" }
            if alias.name.text == router || alias.name.text == "localhost" {
                find("is the router's own name")
            } else if let other = others.first(where: { names.contains($0.words[0]) }) {
                find(
                    "is a name in \(other.words[1]) too: with publish 'cname' only the alias answers, with 'hosts' it is left out; choose "
                        + "another one")
            }
            if known.contains(alias.name.text) {
                // dnsmasq 2.90 logs "maxwell is a CNAME, not giving it to the DHCP lease".
                find("is a host's own name too: the alias answers, and that host gets no name; choose another one")
            }
            for target in alias.targets where contains(where: { $0.name == target.host }) {
                find("has the alias '\(target.host)' as a target; a target is a host's own name")
            }
            for target in alias.targets where domains.contains(where: { target.host.text.hasSuffix("." + $0) }) {
                find("has the target '\(target.host)': leave out the domain, which dnsmasq adds")
            }
            if !alias.targets.contains(where: { known.contains($0.host.text) }) {
                let hosts = alias.targets.map { $0.host.text }.joined(separator: ", ")
                find("has no target that any reservation or lease so far knows: \(hosts)")
            }
        }
        return findings
    }
}
