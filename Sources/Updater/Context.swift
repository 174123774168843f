import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux

/// What the updater reads outside its own files. Tests replace it.
public final class RouterView {
    public var rendered: ByteString = "/var/etc"
    public var dhcp: ByteString = Reservations.path
    public var processes: () throws(Fault) -> [DnsmasqProcess] = { () throws(Fault) in try DnsmasqProcess.all() }
    public var leaseFile: (ByteString) -> LeaseFile? = { LeaseFile.read($0) }
    public var now: () -> Instant = { Process.now }
    public var wallClock: () -> Duration = { Process.wallClock }

    public init() {}
}

/// dnsmasq's lease files. Each is read once.
final class LeaseFiles {
    private let router: RouterView
    private var paths: [ByteString] = []
    private var files: [LeaseFile?] = []

    init(router: RouterView) { self.router = router }

    func file(_ path: ByteString) -> LeaseFile? {
        if let index = paths.firstIndex(where: { $0 == path }) { return files[index] }
        paths.append(path)
        files.append(path.isEmpty ? nil : router.leaseFile(path))
        return files[files.count - 1]
    }

    private(set) lazy var all = ((try? RenderedFile.all(in: router.rendered)) ?? []).compactMap { file($0.leaseFile) }
}

/// The places, the settings in force, the recorded leases, and the moment of a call of `cname-updater`.
public final class Context {
    let places: Places
    let settings: SettingsInForce
    let now: Instant
    let ledger: RequestLedger
    let storage: LeaseStorage
    let notifier: Notifier
    let router: RouterView
    let leaseFiles: LeaseFiles
    /// The folder of the state of `reconcile`. `watch` follows it.
    var folder: ByteString { places.updater + "/reconcile" }
    var job: ByteString { settings.updater.job }

    func path(_ kind: StaticString, of confdir: ByteString) -> ByteString {
        "\(folder)/\(literal: kind).\(confdir.digest)"
    }

    /// - Parameter takesOver: Puts the settings of the file in force if no settings are in force.
    /// - Throws: `cannotCreate` if the run directory of the daemon is not ours.
    public init(_ places: Places, takesOver: Bool = false, router: RouterView = RouterView()) throws(Fault) {
        let settings = try SettingsInForce.read(places, takesOver: takesOver)
        let ledger = RequestLedger(folder: places.daemon)
        let notifier = Notifier(places, ledger: ledger)
        let now = router.now()
        let storage = LeaseStorage(folder: places.updater, now: { now })
        let leaseFiles = LeaseFiles(router: router)
        storage.renewal = { client, lease in
            for file in leaseFiles.all {
                let term = file.term(of: lease, client, wallClock: router.wallClock())
                if term != .unknown { return term }
            }
            return .unknown
        }
        storage.expired = { notifier.request(forExpired: $1, of: $0) }
        (self.places, self.settings, self.now, self.leaseFiles) = (places, settings, now, leaseFiles)
        (self.ledger, self.notifier, self.router, self.storage) = (ledger, notifier, router, storage)
    }

    func again() throws(Fault) -> Context { try Context(places, takesOver: true, router: router) }

    /// What /etc/config/dhcp says. `check` reports its faults.
    private(set) lazy var reservations = try? Reservations(file: router.dhcp)

    /// The last result of `watch`.
    private(set) lazy var presence = Presence(text: (try? Files.read(presencePath)) ?? "")
    private var presencePath: ByteString { places.updater + "/presence" }

    /// - Throws: `cannotCreate`.
    func save(_ presence: Presence) throws(Fault) {
        self.presence = presence
        let text = presence.text
        if text.isEmpty { try Files.remove(presencePath) } else { try Files.replace(presencePath, with: text) }
    }

    private(set) lazy var since = Since(text: (try? Files.read(sincePath)) ?? "")
    private var sincePath: ByteString { places.updater + "/since" }

    /// - Throws: `cannotCreate`.
    func save(_ since: Since) throws(Fault) { if let text = since.changed { try Files.replace(sincePath, with: text) } }
}
