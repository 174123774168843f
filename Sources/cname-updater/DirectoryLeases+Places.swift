import Aliases
import Basics
import Configuration
import Leases
import Linux

extension DirectoryLeases {
    /// The updater's, which asks dnsmasq's own files whether a lease was renewed.
    init(_ places: Places, at now: Instant, owner: @escaping Owner = { _, _ in }) {
        self.init(
            run: places.updater, now: { now },
            renewals: { client, lease in
                for file in Instance.leaseFiles() {
                    let term = LeaseFile.term(of: lease, client, in: file, wallClock: Process.wallClock)
                    if term != .unknown { return term }
                }
                return .unknown
            }, owner: owner)
    }
}
