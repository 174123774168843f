import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Linux
import Network

/// `cname-updater watch`: asks rivals whether they are there, and brings the aliases up to date when one falls silent, is
/// back, has lost its lease without an event, or got an address of odhcpd's. It sleeps as long as there is nothing to ask.
public struct Watch: ~Copyable {
    private let places: Places
    private let lock: FileLock
    /// Whoever changes leases, aliases or settings rings.
    private let bell: FileDescriptor
    private let presence: Presence
    /// Only while there are rivals: the kernel tells of every neighbour.
    private var neighbours: Neighbours?
    /// The folders with odhcpd's files, if their addresses are published.
    private var folders: [ByteString] = []
    private var changes: FileWatch?
    /// The round that goes on: who was asked, when the first was, and when no more news of the last are to be expected.
    private var round: [Asked] = []
    private var roundStart = Instant(sinceStart: .zero)
    private var roundEnd = Instant(sinceStart: .zero)
    /// Those that were silent when they were asked last.
    private var aways: [Asked] = []
    private var lastFault: ByteString = ""

    private final class Asked {
        let host: HostName
        /// nil: nobody can be asked.
        let address: Address?
        var answer: Answer?

        init(_ host: HostName, _ address: Address?, _ answer: Answer?) {
            self.host = host
            self.address = address
            self.answer = answer
        }
    }

    /// Whether anything has to be watched: an alias with several targets that may be asked, or a folder that dnsmasq
    /// follows. Goes by the file, as the init script asks before its settings are in force.
    ///
    /// - Throws: `settings` if the system can't read a file.
    public static func isNeeded(_ places: Places) throws(Fault) -> Bool {
        var findings = Findings()
        let settings = try Settings(file: places.config, &findings)
        if settings.aliases.isEmpty { return false }
        return settings.updater.publish == .hosts || settings.aliases.contains { $0.isProbed && $0.targets.count > 1 }
    }

    /// - Throws: `alreadyRunning`; `cannotCreate`.
    public init(_ places: Places) throws(Fault) {
        try Files.makeFolder(places.updater)
        let lock = try FileLock(ifFree: places.updater + "/watch")
        let context = try Context(places, takesOver: true)
        let bell = try Fifo.open(context.bell)
        // What was found out before stays so until it is asked again.
        presence = context.presence
        self.lock = lock
        self.bell = bell
        self.places = places
    }

    /// Goes on until the program is ended.
    ///
    /// - Throws: `system` if it can't ask: only root may.
    public mutating func run() throws(Fault) -> Never {
        Log.info("watching, as process \(Process.number)")
        while true {
            let context = try Context(places, takesOver: true)
            let deadline = try look(context)
            try ask(context)
            while true {
                if !round.isEmpty, !round.contains(where: { $0.answer == nil }) || Process.now >= roundEnd {
                    try note()
                    break
                }
                if try wait(until: round.isEmpty ? deadline : roundEnd) { break }
            }
        }
    }

    /// Looks at the settings and the leases.
    ///
    /// - Returns: When to look again at the latest; nil: not before the bell rings.
    private mutating func look(_ context: Context) throws(Fault) -> Instant? {
        catchUp(context, isForced: false)
        let record = try AliasKeeper.record(context)
        presence.compete(try context.rivals())
        if presence.rivals.isEmpty {
            neighbours = nil
            round = []
        } else if neighbours == nil {
            neighbours = try Neighbours()
        }
        try follow(record?.isFollowed ?? false ? context.instances().flatMap { $0.hostsFolders } : [])
        if !lastFault.isEmpty { return context.now + Presence.interval }
        return [presence.next, record?.firstEnd].compactMap { $0 }.min()
    }

    /// Has the kernel ask those whose turn it is.
    private mutating func ask(_ context: Context) throws(Fault) {
        let due = presence.due(at: context.now).filter { host in !round.contains { $0.host == host } }
        if due.isEmpty { return }
        if round.isEmpty { roundStart = context.now }
        for host in due {
            for lease in try context.leases(of: host) {
                for text in lease.addresses {
                    guard let address = Address(text) else { continue }
                    let isAsked = try neighbours?.ask(address) ?? false
                    round.append(Asked(host, address, isAsked ? nil : .elsewhere))
                }
            }
            // A lease that has just gone.
            if !round.contains(where: { $0.host == host }) { round.append(Asked(host, nil, .elsewhere)) }
        }
        // The kernel needs a bit more than three seconds.
        roundEnd = Process.now + Presence.interval
    }

    /// Takes what the round has found.
    private mutating func note() throws(Fault) {
        // Events wait until it is done.
        let context = try Context(places, takesOver: true)
        let keeper = try AliasKeeper(context)
        presence.take(text: context.presence.text)
        var hosts: [HostName] = []
        var answers: [Answer] = []
        var seen: [HostName] = []
        for asked in round where !hosts.contains(where: { $0 == asked.host }) {
            var answer = round.filter { $0.host == asked.host }.map { $0.answer ?? .undecided }.max() ?? .elsewhere
            // It has done something meanwhile.
            let isSeen = try context.leases(of: asked.host).contains { $0.seen.map { $0 >= roundStart } ?? false }
            if isSeen, answer == .silent {
                answer = .undecided
                seen.append(asked.host)
            }
            hosts.append(asked.host)
            answers.append(answer)
        }
        aways.removeAll { away in hosts.contains { $0 == away.host } || presence.verdict(of: away.host) == .answers }
        aways += round.filter { $0.answer == .silent }
        round = []
        let changed = presence.note(hosts, answers, at: context.now)
        for host in seen { presence.ask(host, at: context.now) }
        try context.put(presence)
        for rival in changed {
            switch rival.verdict {
            case .answers: Log.info("\(rival.host): answers")
            case .silent: Log.info("\(rival.host): is silent, and others answer")
            case .unknown: Log.info("\(rival.host): can't be asked")
            }
        }
        drop(keeper)
        if !changed.isEmpty { catchUp(context, isForced: true) }
    }

    /// Gives the lock back.
    private func drop(_ keeper: consuming AliasKeeper) {}

    /// Sleeps until something happens, and takes it in.
    ///
    /// - Returns: Whether all has to be looked at again.
    private mutating func wait(until deadline: Instant?) throws(Fault) -> Bool {
        let readable = Poll.readable([bell.number, neighbours?.number ?? -1, changes?.number ?? -1], until: deadline)
        var buffer = [UInt8](repeating: 0, count: 512)
        if readable[0] { _ = try bell.read(into: &buffer) }
        if readable[2] {
            try changes?.take()
            catchUp(try Context(places, takesOver: true), isForced: true)
        }
        return readable[1] ? takeNews() : true
    }

    /// - Returns: Whether somebody is heard who was silent.
    private mutating func takeNews() -> Bool {
        // If it had too much to tell, the round ends without the rest.
        guard let news = (try? neighbours?.take()) ?? nil else { return false }
        var isHeard = false
        for one in news {
            let asked = round.filter { $0.address == one.address && $0.answer == nil }
            for asked in asked where one.answer != .undecided { asked.answer = one.answer }
            if one.answer == .silent || !asked.isEmpty { continue }
            for away in aways where away.address == one.address {
                presence.ask(away.host, at: Process.now)
                isHeard = true
            }
        }
        return isHeard
    }

    private mutating func follow(_ folders: [ByteString]) throws(Fault) {
        if folders == self.folders, changes != nil || folders.isEmpty { return }
        self.folders = folders
        changes = nil
        // One that is not there yet is looked for when the bell rings.
        let there = folders.filter { ((try? FileStatus(at: $0)) ?? nil)?.isDirectory ?? false }
        if !there.isEmpty { changes = try? FileWatch(filesIn: there) }
    }

    /// Handles what waits, and brings the aliases up to date.
    private mutating func catchUp(_ context: Context, isForced: Bool) {
        do throws(Fault) {
            if isForced || !lastFault.isEmpty {
                try context.updateAliases(because: "watch")
            } else {
                try context.catchUp(because: "watch")
            }
            lastFault = ""
        } catch {
            // It may pass: it is tried again.
            if error.message != lastFault { Log.error(error.message) }
            lastFault = error.message
        }
    }
}
