import Aliases
import Basics
import CLinux
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux

/// All that a call of `cname-updater` works with: where things are, the settings in force, what is known of leases, and
/// the moment of the call.
public final class Context {
    let places: Places
    let settings: SettingsInForce
    let now: Instant
    let ledger: Ledger
    let storage: LeaseStorage
    let index: TargetIndex
    let doorbell: Doorbell
    /// What dnsmasq itself keeps of its leases.
    let leaseFiles: LeaseFiles
    /// Where the rendered files of dnsmasq are.
    let rendered: ByteString
    /// /etc/config/dhcp.
    let dhcp: ByteString

    /// - Parameters:
    ///   - takesOver: If no settings are in force yet, those of the file are put in force.
    ///   - now: When the call was made, or the event happened.
    ///   - rendered: Where the rendered files of dnsmasq are.
    ///   - dhcp: Of what they are rendered.
    /// - Throws: `cannotCreate` if the run directory of the daemon is not ours.
    public init(
        _ places: Places, takesOver: Bool = false, now: Instant = Process.now, rendered: ByteString = "/var/etc",
        dhcp: ByteString = Reservations.path
    ) throws(Fault) {
        let settings = try SettingsInForce.read(places, takesOver: takesOver)
        let ledger = Ledger(folder: places.daemon)
        let doorbell = Doorbell(places, ledger)
        let files = LeaseFiles { ((try? RenderedFile.all(in: rendered)) ?? []).leaseFiles }
        let job = settings.leaseJob
        var surroundings = LeaseStorage.Surroundings()
        surroundings.renewal = { files.term(of: $1, $0, wallClock: Process.wallClock) }
        surroundings.expired = { doorbell.tell(thatExpired: $1, of: $0) }
        surroundings.dnsmasq = { files.leases(at: now, wallClock: Process.wallClock, job: job) }
        self.places = places
        self.settings = settings
        self.now = now
        self.ledger = ledger
        self.doorbell = doorbell
        leaseFiles = files
        self.rendered = rendered
        self.dhcp = dhcp
        storage = LeaseStorage(folder: places.updater, now: { now }, surroundings)
        index = TargetIndex(folder: places.updater)
    }

    /// Where dnsmasq looks for the aliases.
    ///
    /// - Throws: `cannotCreate` if what the instances were started with can't be read.
    func instances() throws(Fault) -> [Instance] {
        try Instance.all(settings.updater, RenderedFile.all(in: rendered)) {
            reservations?.domain ?? "lan"
        }
    }

    /// What /etc/config/dhcp says. Broken settings of dnsmasq are not for an event to complain of.
    var reservations: Reservations? { try? Reservations(file: dhcp) }

    /// Whether dnsmasq was started with what the fragments hold.
    ///
    /// - Throws: `cannotCreate`.
    func isServed(_ record: Record) throws(Fault) -> Bool {
        let lastRun = try ledger.runs(of: settings.updater.job).begun
        return try record.isServed(lastRun: lastRun, standing: ledger.standing(of: .alias, in: settings.updater.job))
    }

    /// Tells whether the instances were started with other files than before: each start renders them anew.
    ///
    /// - Throws: `cannotCreate`.
    func renderedDigest() throws(Fault) -> ByteString {
        var digest = Digest()
        for name in try Files.names(in: rendered) where name.hasPrefix("dnsmasq.conf") {
            guard let file = try FileStatus(at: "\(rendered)/\(name)") else { continue }
            digest.add("\(name) \(file.inode) \(file.size) \(file.changed)")
        }
        return digest.text
    }

    /// The unexpired leases with a host's name.
    ///
    /// - Throws: `cannotCreate`.
    func leases(of host: HostName) throws(Fault) -> [Lease] {
        try leaseFiles.narrowed(index.leases(of: host, in: storage), of: host)
    }

    /// Of each alias for which that is asked the targets that have a lease, if there are two or more.
    ///
    /// - Throws: `settings`, `cannotCreate`.
    func rivals() throws(Fault) -> [[HostName]] {
        var rivals: [[HostName]] = []
        for alias in settings.all.aliases {
            let hosts = try alias.rivals { (host) throws(Fault) in try !leases(of: host).isEmpty }
            if !hosts.isEmpty { rivals.append(hosts) }
        }
        return rivals
    }

    /// Where an alias is to lead in an instance, among the hosts that it knows.
    ///
    /// - Parameter known: A client, and what leases it is about to have.
    /// - Throws: `cannotCreate`.
    func choice(
        of alias: Alias, in instance: Instance, knowing known: TargetIndex.ClientLeases? = nil
    ) throws(Fault) -> Choice {
        try choice(of: alias, in: instance) { (host) throws(Fault) in
            try index.leases(of: host, in: storage, knowing: known)
        }
    }

    func choice(
        of alias: Alias, in instance: Instance, among leases: (HostName) throws(Fault) -> [Lease]
    ) throws(Fault) -> Choice {
        try alias.choice(
            leases: { (host) throws(Fault) in
                try leaseFiles.narrowed(leases(host), of: host).filter { instance.knows($0) }
            },
            verdict: { host in presence.verdict(of: host) },
            isCurrent: { (host) throws(Fault) in try since().moment(of: alias.name, to: host) != nil })
    }

    /// What `watch` has found out last. Read when it is needed: mostly there are no rivals.
    private(set) lazy var presence = Presence(text: ((try? Files.readIfThere(presencePath)) ?? nil) ?? "")
    private var presencePath: ByteString { places.updater + "/presence" }
    private var known: Since?

    /// Replaces what is known, for whoever holds the aliases' lock.
    ///
    /// - Throws: `cannotCreate`.
    func put(_ presence: Presence) throws(Fault) {
        self.presence = presence
        let text = presence.text
        if text.isEmpty { try Files.remove(presencePath) } else { try Files.replace(presencePath, with: text) }
    }

    /// Since when each alias leads where it does.
    ///
    /// - Throws: `cannotCreate`.
    private func since() throws(Fault) -> Since {
        if let known { return known }
        let read = try Since(folder: places.updater)
        known = read
        return read
    }

    /// Where the bell of `watch` is.
    var bell: ByteString { places.updater + "/bell" }

    /// Tells `watch`, if it runs, that leases, aliases or settings may be other ones.
    func ringWatch() {
        // Nobody waits if the FIFO is full: it has been rung often enough.
        guard let bell = try? FileDescriptor(opening: bell, [.writeOnly, .nonBlocking]) else { return }
        try? bell.write("\n")
    }
}
