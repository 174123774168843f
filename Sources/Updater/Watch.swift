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
    private var roundEnd: Instant?
    /// Those that were silent when they were asked last.
    private var aways: [Asked] = []
    private var lastFault: ByteString = ""

    private final class Asked {
        let host: HostName
        let address: Address
        var answer: Answer?

        init(_ host: HostName, _ address: Address, _ answer: Answer?) {
            self.host = host
            self.address = address
            self.answer = answer
        }
    }

    /// Whether anything has to be watched: an alias with several targets that may be asked, or a folder that dnsmasq
    /// follows. Goes by the file, as the init script asks before its settings are in force.
    ///
    /// - Throws: `settings` if the system can't read a file; `cannotCreate`.
    public static func isNeeded(_ places: Places) throws(Fault) -> Bool {
        let settings = try Settings.forStart(places).0
        if settings.aliases.isEmpty { return false }
        return settings.updater.publish == .hosts || settings.aliases.contains { $0.mayHaveRivals }
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
                if let roundEnd, Process.now >= roundEnd || !round.contains(where: { $0.answer == nil }) {
                    try note()
                    break
                }
                if try wait(until: roundEnd ?? deadline) { break }
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
            (roundEnd, round) = (nil, [])
        } else if neighbours == nil {
            neighbours = try Neighbours()
        }
        try follow(record?.isFollowed ?? false ? context.instances() : [])
        if !lastFault.isEmpty { return context.now + Presence.interval }
        return presence.next.earlier(record?.firstEnd)
    }

    /// Has the kernel ask those whose turn it is.
    private mutating func ask(_ context: Context) throws(Fault) {
        for rival in presence.due(at: context.now) where rival.answer == nil {
            if roundEnd == nil { roundStart = context.now }
            // The kernel needs a bit more than three seconds.
            roundEnd = Process.now + Presence.interval
            rival.answer = .elsewhere
            for lease in try context.leases(of: rival.host) {
                for address in lease.addresses where !address.isPrefix {
                    guard try neighbours?.ask(address) ?? false else { continue }
                    round.append(Asked(rival.host, address, nil))
                }
            }
        }
    }

    /// Takes what the round has found, and brings the aliases up to date if that makes a difference.
    private mutating func note() throws(Fault) {
        let context = try Context(places, takesOver: true)
        let changed = try judge(context)
        for rival in changed { Log.info("\(rival.host): \(rival.verdict.sentence)") }
        if !changed.isEmpty { catchUp(context, isForced: true) }
    }

    /// - Returns: Those of which another thing is known now.
    private mutating func judge(_ context: Context) throws(Fault) -> [Presence.Rival] {
        // Events wait until it is done.
        let keeper = try AliasKeeper(context)
        defer { _ = keeper }
        presence.take(context.presence)
        aways = aways.filter { away in !round.contains { $0.host == away.host } }
        var seen: [HostName] = []
        for rival in presence.rivals where rival.answer != nil {
            for asked in round where asked.host == rival.host {
                rival.answer = max(rival.answer!, asked.answer ?? .undecided)
                if asked.answer == .silent { aways.append(asked) }
            }
            guard rival.answer == .silent else { continue }
            // The host has done something meanwhile.
            for lease in try context.leases(of: rival.host) {
                guard let moment = lease.seen, moment >= roundStart else { continue }
                rival.answer = .undecided
                seen.append(rival.host)
            }
        }
        (roundEnd, round) = (nil, [])
        let changed = presence.note(at: context.now)
        for host in seen { presence.ask(host, at: context.now) }
        try context.put(presence)
        return changed
    }

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
            var isAnswer = one.answer == .silent
            for asked in round where asked.address == one.address && asked.answer == nil {
                isAnswer = true
                if one.answer != .undecided { asked.answer = one.answer }
            }
            for away in aways where !isAnswer && away.address == one.address {
                presence.ask(away.host, at: Process.now)
                isHeard = true
            }
        }
        return isHeard
    }

    /// Follows the folders of odhcpd's files.
    private mutating func follow(_ instances: [Instance]) throws(Fault) {
        // One that is not there yet is looked for when the bell rings.
        var there: [ByteString] = []
        for instance in instances {
            for folder in instance.hostsFolders where try FileStatus(at: folder)?.isDirectory ?? false {
                there.append(folder)
            }
        }
        if there == folders { return }
        folders = there
        changes = there.isEmpty ? nil : try? FileWatch(.changesAndWrites, in: there)
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

extension Presence.Verdict {
    fileprivate var sentence: ByteString {
        switch self {
        case .unknown: "can't be asked"
        case .answers: "answers"
        case .silent: "is silent, and others answer"
        }
    }
}
