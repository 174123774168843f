import Aliases
import Basics
import Configuration
import Leases
import Linux

/// `cname-updater leases` and `aliases`: what is known. Changes nothing.
struct Report {
    private let places: Places
    private let now = Process.now
    let leases: [(client: ClientIdentifier, lease: Lease)]

    /// - Throws: `cannotCreate` if the run directory is not ours.
    init(_ places: Places) throws(Fault) {
        self.places = places
        // What stands in somebody else's would be his word.
        try Files.checkFolder(places.updater)
        do throws(LeaseFault) {
            leases = try DirectoryLeases(places, at: now).all()
        } catch {
            throw error.fault
        }
    }

    func printLeases(asJSON: Bool) {
        if asJSON {
            let objects = leases.map { client, lease in
                ByteString(jsonObject: [
                    ("client", client.name.json),
                    ("addresses", ByteString(jsonArray: lease.addresses.map { $0.json })),
                    ("hostname", lease.hostName.json), ("hardware", lease.hardware.json),
                    ("since", lease.since.json), ("seen", lease.seen.json), ("expires", lease.expires.json),
                ])
            }
            return Log.info(json("leases", objects))
        }
        var table = Table(["CLIENT", "ADDRESS", "HOST", "SINCE", "SEEN", "UNTIL"])
        for (client, lease) in leases {
            table.add([
                client.name, lease.addresses.joined(separator: " "), lease.hostName.isEmpty ? "-" : lease.hostName,
                ago(lease.since), ago(lease.seen), end(of: lease),
            ])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    func printAliases(_ settings: AliasSettings, asJSON: Bool) throws(Fault) {
        var choices: [Choice] = []
        for alias in settings.aliases {
            let choice = try alias.choice(
                leases: { (host) throws(Fault) in leases.filter { $0.lease.hostName == host }.map { $0.lease } },
                answers: { host in !Silence(run: places.updater).contains(host) })
            choices.append(choice)
        }
        if asJSON {
            let objects = choices.map { choice in
                ByteString(jsonObject: [
                    ("alias", choice.alias.json), ("target", choice.target?.json ?? "null"),
                    ("addresses", ByteString(jsonArray: choice.lease?.addresses.map { $0.json } ?? [])),
                    ("since", (choice.lease?.since).json), ("expires", (choice.lease?.expires).json),
                    ("reason", choice.reason.word.json),
                ])
            }
            return Log.info(json("aliases", objects))
        }
        var table = Table(["ALIAS", "TARGET", "ADDRESS", "SINCE", "UNTIL", "WHY"])
        for choice in choices {
            table.add([
                choice.alias, choice.target ?? "-", choice.lease?.addresses.joined(separator: " ") ?? "-",
                choice.lease.map { ago($0.since) } ?? "-", choice.lease.map { end(of: $0) } ?? "-",
                choice.reason.sentence,
            ])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    /// Times are in seconds on the clock of /proc/uptime, as `now` is.
    private func json(_ name: StaticString, _ objects: [ByteString]) -> ByteString {
        ByteString(jsonObject: [("now", now.json), (name, ByteString(jsonArray: objects))])
    }

    private func ago(_ moment: Instant?) -> ByteString {
        moment.map { "\(ByteString(rough: now - $0)) ago" } ?? "before us"
    }

    private func end(of lease: Lease) -> ByteString {
        lease.expires.map { "in \(ByteString(rough: $0 - now))" } ?? "no end"
    }
}

extension Choice.Reason {
    fileprivate var word: ByteString {
        switch self {
        case .nobody: "nobody"
        case .only: "only"
        case .preferred: "preferred"
        case .seen: "seen"
        case .newest: "newest"
        }
    }

    fileprivate var sentence: ByteString {
        switch self {
        case .nobody: "no target is up"
        case .only: "no other is up"
        case .preferred: "first in the list of those that are up"
        case .seen: "its interface was seen last by this name"
        case .newest: "its system has the newest lease"
        }
    }
}

extension ByteString {
    /// A duration in its two greatest units: `42 s`, `3 min`, `5 h 20 min`, `2 d 3 h`.
    fileprivate init(rough duration: Duration) {
        let seconds = max(0, duration.components.seconds)
        switch seconds {
        case ..<120: self = "\(seconds) s"
        case ..<7200: self = "\(seconds / 60) min"
        case ..<172_800: self = "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: self = "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }
}
