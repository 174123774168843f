import Aliases
import Basics
import Configuration
import Leases
import Linux

/// `cname-updater watch`: asks the targets that have to answer, and brings the aliases up to date when one falls silent, is
/// back, or has lost its lease without an event.
struct Watch: ~Copyable {
    private let places: Places
    private let settings: UpdaterSettings
    private let hosts: [ByteString]
    private let silence: Silence
    private let lock: FileLock
    private var rounds: Rounds
    /// The hosts that had a lease in the last round.
    private var leased: [ByteString] = []
    private var lastFault: ByteString = ""

    /// - Throws: `settings`, also if there is nothing to watch; `alreadyRunning`; `cannotCreate`.
    init(_ places: Places) throws(Fault) {
        let settings = try UpdaterSettings(file: places.config)
        let hosts = settings.aliases.probedTargets
        guard !hosts.isEmpty else { throw Fault(.settings, "\(places.config): no alias has 'probe' set") }
        try Files.makeFolder(places.updater)
        let lock = try FileLock(ifFree: places.updater + "/watch")
        let silence = Silence(run: places.updater)
        // Who was silent is so until he answers.
        rounds = Rounds(down: try silence.hosts())
        self.lock = lock
        self.places = places
        self.settings = settings
        self.hosts = hosts
        self.silence = silence
    }

    /// Goes on until the program is ended.
    ///
    /// - Throws: `system` if it can't ask: only root may.
    mutating func run() throws(Fault) -> Never {
        Log.info("asking \(hosts.joined(separator: ", ")) every \(Rounds.interval) s")
        while true {
            let start = Process.now
            // A host stands as often as it has addresses.
            var asked: [ByteString] = []
            var addresses: [ByteString] = []
            for lease in try leases(at: start) {
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
    private mutating func note(_ answers: [Answer], of asked: [ByteString], since start: Instant) throws(Fault) {
        let leases = try leases(at: Process.now)
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
            if try AliasKeeper.isNeeded(places, settings) { isChanged = true }
            if isChanged || !lastFault.isEmpty { try EventHandler(places, settings).updateAliases(because: "watch") }
            lastFault = ""
        } catch {
            // It may pass: the next round tries again.
            if error.message != lastFault { Log.error(error.message) }
            lastFault = error.message
        }
    }

    /// All that have a watched host's name.
    private func leases(at now: Instant) throws(Fault) -> [Lease] {
        let storage = DirectoryLeases(places, at: now)
        let index = TargetIndex(run: places.updater)
        var found: [Lease] = []
        for host in hosts { found += try index.leases(of: host, in: storage) }
        return found
    }
}
