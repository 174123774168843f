import Aliases
import Basics
import Dnsmasq
import Leases
import Network

/// The hosts known to the instances that read one conf-dir.
final class HostTable {
    private let leases: [Lease]
    private let leaseIndex: NameIndex
    private let hosts: [HostsFiles.Entry]
    private let hostsIndex: NameIndex
    private let domains: [Domain]

    init(leases: [LeaseStorage.ClientLease], hosts: [HostsFiles.Entry], domains: [Domain]) {
        self.leases = leases.map { $0.lease }
        leaseIndex = NameIndex(leases.map { $0.lease.hostName?.text ?? "*" })
        self.hosts = hosts
        hostsIndex = NameIndex(hosts.map { $0.name })
        self.domains = domains
    }

    func known(_ host: HostName) -> KnownHost {
        KnownHost(leases: leaseIndex.indices(of: host.text).map { leases[$0] }, hosts: addresses(of: host.text))
    }

    func addresses(of name: ByteString) -> [Address] {
        if hosts.isEmpty { return [] }
        let names = [name] + domains.map { "\(name).\($0.name)" as ByteString }
        return names.uniqued.flatMap { hostsIndex.indices(of: $0) }.map { hosts[$0].address }.uniqued
    }
}
