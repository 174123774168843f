import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux

/// All that a call of `cname-updater` works with: where things are, the settings in force, what is known of leases, and
/// the moment of the call.
///
/// A class, so that to hand it on costs little code.
public final class Context {
    let places: Places
    let settings: SettingsInForce
    let now: Instant
    let ledger: Ledger
    let storage: LeaseStorage
    let index: TargetIndex
    let silence: Silence
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
        silence = Silence(folder: places.updater)
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

    /// Where an alias is to lead.
    ///
    /// - Parameter known: A client, and what leases it is about to have.
    /// - Throws: `cannotCreate`.
    func choice(of alias: Alias, knowing known: TargetIndex.ClientLeases? = nil) throws(Fault) -> Choice {
        try alias.choice(
            leases: { (host) throws(Fault) in try index.leases(of: host, in: storage, knowing: known) },
            answers: { host in !silence.contains(host) })
    }
}
