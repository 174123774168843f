import Aliases
import Basics
import Configuration
import Leases
import Linux
import Network

/// `cname-updater watch`: asks the targets that have to answer, and brings the aliases up to date when one falls silent, is
/// back, or has lost its lease without an event.
public struct Watch: ~Copyable {
    private let places: Places
    private let lock: FileLock
    private let silence: Silence
    private var settings: SettingsInForce
    private var hosts: [HostName]
    private var rounds: Rounds
    /// The hosts that had a lease in the last round.
    private var leased: [HostName] = []
    private var lastFault: ByteString = ""

    /// - Throws: `settings`, also if there is nothing to watch; `alreadyRunning`; `cannotCreate`.
    public init(_ places: Places) throws(Fault) {
        let context = try Context(places, takesOver: true)
        let hosts = try context.settings.all().probedTargets
        guard !hosts.isEmpty else { throw Fault(.settings, "\(places.config): no alias has 'probe' set") }
        try Files.makeFolder(places.updater)
        let lock = try FileLock(ifFree: places.updater + "/watch")
        // A host that was silent stays so until it answers.
        rounds = Rounds(down: try context.silence.hosts())
        self.lock = lock
        self.places = places
        settings = context.settings
        silence = context.silence
        self.hosts = hosts
    }

    /// Goes on until the program is ended.
    ///
    /// - Throws: `system` if it can't ask: only root may.
    public mutating func run() throws(Fault) -> Never {
        Log.info("asking \(hosts.map { $0.text }.joined(separator: ", ")) every \(Rounds.interval) s")
        while true {
            let start = Process.now
            // A host stands as often as it has addresses.
            var asked: [HostName] = []
            var addresses: [ByteString] = []
            for lease in try leases(Context(places, takesOver: true)) {
                for address in lease.addresses where !address.bytes.contains(UInt8(ascii: "/")) {
                    asked.append(lease.hostName)
                    addresses.append(address)
                }
            }
            // Nothing is locked meanwhile.
            try note(Probe.ask(addresses), of: asked, since: start)
            Process.pause(max(.zero, start + Rounds.interval - Process.now))
        }
    }

    /// - Parameters:
    ///   - answers: To each time that a host was asked, of `asked`.
    ///   - start: When that began.
    private mutating func note(_ answers: [Answer], of asked: [HostName], since start: Instant) throws(Fault) {
        let context = try Context(places, takesOver: true)
        if context.settings.digest != settings.digest {
            settings = context.settings
            hosts = try settings.all().probedTargets
        }
        let leases = try leases(context)
        let before = leased
        leased = hosts.filter { host in leases.contains { $0.hostName == host } }
        rounds.keep(leased)
        var isChanged = leased != before
        for host in hosts {
            var answer: Answer?
            for index in asked.indices where asked[index] == host { answer = max(answer ?? .silent, answers[index]) }
            // A lease event tells as much.
            if leases.contains(where: { $0.hostName == host && ($0.seen.map { $0 >= start } ?? false) }) {
                answer = .answered
            }
            switch rounds.note(answer ?? .undecided, for: host) {
            case .down?: Log.info("\(host): has not answered \(Rounds.limit) times: down")
            case .up?: Log.info("\(host): answers: up")
            case nil: break
            }
            let isSilent = !rounds.isUp(host)
            if isSilent != silence.contains(host) {
                if isSilent { try silence.begin(host) } else { try silence.end(host) }
                isChanged = true
            }
        }
        do throws(Fault) {
            if isChanged || !lastFault.isEmpty {
                try context.updateAliases(because: "watch")
            } else {
                try context.catchUp(because: "watch")
            }
            lastFault = ""
        } catch {
            // It may pass: the next round tries again.
            if error.message != lastFault { Log.error(error.message) }
            lastFault = error.message
        }
    }

    /// All that have a watched host's name.
    private func leases(_ context: Context) throws(Fault) -> [Lease] {
        var found: [Lease] = []
        for host in hosts { found += try context.index.leases(of: host, in: context.storage) }
        return found
    }
}

extension Settings {
    /// Every host that has to answer, once.
    fileprivate var probedTargets: [HostName] {
        var hosts: [HostName] = []
        for alias in aliases where alias.isProbed {
            for target in alias.targets where !hosts.contains(where: { $0 == target.host }) {
                hosts.append(target.host)
            }
        }
        return hosts
    }
}
