import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux

/// What the updater looks at outside its own files. Tests have their own.
public final class Surroundings {
    /// The folder of the rendered files.
    public var rendered: ByteString = "/var/etc"
    public var dhcp: ByteString = Reservations.path
    public var processes: () throws(Fault) -> [DnsmasqProcess] = { () throws(Fault) in try DnsmasqProcess.all() }
    public var leaseFile: (ByteString) -> LeaseFile? = { LeaseFile.read($0) }
    public var now: () -> Instant = { Process.now }
    public var wallClock: () -> Duration = { Process.wallClock }

    public init() {}
}

/// dnsmasq's own lease files. They are read once, for the first of many leases that seem to be over.
final class LeaseFiles {
    private let surroundings: Surroundings
    private(set) lazy var all: [LeaseFile] = {
        let rendered = (try? RenderedFile.all(in: surroundings.rendered)) ?? []
        return rendered.leaseFiles.compactMap { surroundings.leaseFile($0) }
    }()

    init(_ surroundings: Surroundings) { self.surroundings = surroundings }
}

/// All that a call of `cname-updater` works with: where things are, the settings in force, the recorded leases, and the
/// moment of the call.
public final class Context {
    let places: Places
    let settings: SettingsInForce
    let now: Instant
    let ledger: Ledger
    let storage: LeaseStorage
    let notifier: Notifier
    let surroundings: Surroundings
    let leaseFiles: LeaseFiles
    /// The run directory of `reconcile`, which `watch` follows.
    var folder: ByteString { places.updater + "/reconcile" }
    var job: ByteString { settings.updater.job }

    /// - Parameter takesOver: If no settings are in force yet, those of the file are put in force.
    /// - Throws: `cannotCreate` if the run directory of the daemon is not ours.
    public init(
        _ places: Places, takesOver: Bool = false, _ surroundings: Surroundings = Surroundings()
    ) throws(Fault) {
        let settings = try SettingsInForce.read(places, takesOver: takesOver)
        let ledger = Ledger(folder: places.daemon)
        let notifier = Notifier(places, ledger)
        let now = surroundings.now()
        let storage = LeaseStorage(folder: places.updater, now: { now })
        let leaseFiles = LeaseFiles(surroundings)
        storage.renewal = { client, lease in
            for file in leaseFiles.all {
                let term = file.term(of: lease, client, wallClock: surroundings.wallClock())
                if term != .unknown { return term }
            }
            return .unknown
        }
        storage.expired = { notifier.request(forExpired: $1, of: $0) }
        self.places = places
        self.settings = settings
        self.now = now
        (self.ledger, self.notifier, self.surroundings, self.storage) = (ledger, notifier, surroundings, storage)
        self.leaseFiles = leaseFiles
    }

    /// The same files and settings, read anew.
    func again() throws(Fault) -> Context { try Context(places, takesOver: true, surroundings) }

    /// What /etc/config/dhcp says. `check` reports faults in it.
    private(set) lazy var reservations = try? Reservations(file: surroundings.dhcp)

    /// What `watch` has found out last.
    private(set) lazy var presence = Presence(text: ((try? Files.readIfThere(presencePath)) ?? nil) ?? "")
    private var presencePath: ByteString { places.updater + "/presence" }

    /// Replaces what is known of candidates.
    ///
    /// - Throws: `cannotCreate`.
    func save(_ presence: Presence) throws(Fault) {
        self.presence = presence
        let text = presence.text
        if text.isEmpty { try Files.remove(presencePath) } else { try Files.replace(presencePath, with: text) }
    }

    /// Since when each alias leads where it does.
    private(set) lazy var since = Since(text: ((try? Files.readIfThere(sincePath)) ?? nil) ?? "")
    private var sincePath: ByteString { places.updater + "/since" }

    /// - Throws: `cannotCreate`.
    func save(_ since: Since) throws(Fault) {
        if let text = since.changed { try Files.replace(sincePath, with: text) }
    }
}
