import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux
import Network

/// `cname-updater leases` and `aliases`: what is known. Changes nothing.
public struct Report {
    private let context: Context
    private var now: Instant { context.now }
    let leases: [LeaseStorage.ClientLease]

    /// - Throws: `cannotCreate` if the run directory is not ours.
    public init(_ context: Context) throws(Fault) {
        self.context = context
        // Another user could have written anything there.
        try Files.checkFolder(context.places.updater)
        leases = try context.storage.all()
    }

    public func printLeases(asJSON: Bool) {
        if asJSON {
            let objects = leases.map { held in
                var object = JSONObject()
                object.add("client", held.client.name.json)
                object.add("addresses", ByteString(jsonArray: held.lease.addresses.map { $0.text.json }))
                object.add("hostname", (held.lease.hostName?.text ?? "").json)
                object.add("hardware", held.lease.hardware.json)
                object.add("since", held.lease.since.json)
                object.add("seen", held.lease.seen.json)
                object.add("expires", held.lease.expires.json)
                return object.json
            }
            return Log.info(json("leases", objects))
        }
        if leases.isEmpty {
            return Log.info("no leases yet: dnsmasq tells of each once it has been restarted with our hook in place")
        }
        var table = Table(["CLIENT", "ADDRESS", "HOST", "SINCE", "SEEN", "UNTIL"])
        for held in leases {
            let lease = held.lease
            table.add([
                held.client.name, lease.addresses.text,
                lease.hostName?.text ?? "-",
                ago(lease.since), ago(lease.seen), end(of: lease),
            ])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    public func printAliases(asJSON: Bool) throws(Fault) {
        let aliases = context.settings.all.aliases
        let instances = try context.instances()
        let record = try AliasKeeper.record(context)
        let since = try Since(folder: context.places.updater)
        var rows: [Row] = []
        for alias in aliases {
            let found = try instances.map { (instance) throws(Fault) in
                let choice = try context.choice(of: alias, in: instance) { (host) throws(Fault) in leases(of: host) }
                return Row(alias, choice, [instance])
            }
            // One row, unless they differ.
            let isOne = !found.contains { $0.choice.target != found[0].choice.target }
            rows += isOne ? [Row(alias, found[0].choice, found.flatMap { $0.instances })] : found
        }
        func moment(of choice: Choice) -> Instant? {
            choice.target.flatMap { since.moment(of: choice.alias, to: $0) }
        }
        if asJSON {
            let isServed = if let record { try context.isServed(record) } else { false }
            let objects = try rows.map { (row) throws(Fault) in
                let choice = row.choice
                let obstacle = try obstacle(row, record) ?? (isServed ? nil : "restart")
                var object = JSONObject()
                object.add("alias", choice.alias.text.json)
                object.add("target", choice.target?.text.json ?? "null")
                object.add("addresses", ByteString(jsonArray: choice.lease?.addresses.map { $0.text.json } ?? []))
                object.add("since", moment(of: choice).json)
                object.add("expires", (choice.lease?.expires).json)
                object.add("reason", choice.reason.rawValue.json)
                object.add("confdirs", ByteString(jsonArray: row.instances.map { $0.confdir.json }))
                let others = try row.alias.rivals { !leases(of: $0).isEmpty }.filter { $0 != choice.target }
                object.add("rivals", ByteString(jsonArray: others.map { json(of: $0) }))
                object.add("served", obstacle == nil ? "true" : "false")
                object.add("obstacle", obstacle?.json ?? "null")
                return object.json
            }
            return Log.info(json("aliases", objects))
        }
        if rows.isEmpty {
            return Log.info("no aliases: a section 'cname' of \(context.places.config), then service debounced reload")
        }
        let differ = rows.count > aliases.count
        var table = Table(["ALIAS", "TARGET", "ADDRESS", "SINCE", "UNTIL"] + (differ ? ["CONFDIR"] : []) + ["WHY"])
        for row in rows {
            let choice = row.choice
            let cells: [ByteString] = [
                choice.alias.text, choice.target?.text ?? "-", choice.lease?.addresses.text ?? "-",
                choice.target == nil ? "-" : ago(moment(of: choice)), choice.lease.map { end(of: $0) } ?? "-",
            ]
            let confdir: ByteString = row.instances.count == 1 ? row.instances[0].confdir : "all"
            table.add(cells + (differ ? [confdir] : []) + [choice.reason.sentence])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    /// Where an alias leads in some instances of dnsmasq.
    private final class Row {
        let alias: Alias
        let choice: Choice
        let instances: [Instance]

        init(_ alias: Alias, _ choice: Choice, _ instances: [Instance]) {
            self.alias = alias
            self.choice = choice
            self.instances = instances
        }
    }

    private func leases(of host: HostName) -> [Lease] {
        leases.filter { $0.lease.hostName == host }.map { $0.lease }
    }

    private func json(of host: HostName) -> ByteString {
        let rival = context.presence.rival(host)
        var object = JSONObject()
        object.add("target", host.text.json)
        object.add("presence", (rival?.verdict ?? .unknown).rawValue.json)
        object.add("answered", (rival?.answered).json)
        object.add("silences", rival?.silences ?? 0)
        return object.json
    }

    public func printPresence(asJSON: Bool) throws(Fault) {
        let hosts = try context.rivals().flatMap { $0 }.uniqued
        if asJSON { return Log.info(json("rivals", hosts.map { json(of: $0) })) }
        if hosts.isEmpty { return Log.info("no rivals: no alias has two targets with a lease, so nobody is asked") }
        if try FileLock.holder(of: context.places.updater + "/watch") == nil {
            Log.info("nobody asks them: cname-updater watch does not run")
        }
        var table = Table(["RIVAL", "PRESENCE", "ANSWERED", "SILENT"])
        for host in hosts {
            let rival = context.presence.rival(host)
            table.add([
                host.text, (rival?.verdict ?? .unknown).rawValue,
                rival?.answered.map { "\(ByteString(rough: now - $0)) ago" } ?? "never",
                "\(rival?.silences ?? 0) times",
            ])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    /// What keeps dnsmasq from being given the alias as it is to lead; nil: nothing.
    private func obstacle(_ row: Row, _ record: Record?) throws(Fault) -> ByteString? {
        let (alias, target) = (row.choice.alias, row.choice.target)
        for instance in row.instances {
            let fragment = Fragment(for: instance, isAlias: context.settings.isAlias)
            if try fragment.leavesOut(alias, to: target) { return "left_out" }
            let isThere =
                if record?.isFollowed ?? false {
                    try HostsFolder(of: instance).serves(row.choice.entry(in: instance))
                } else {
                    try fragment.serves(alias, to: target)
                }
            if !isThere { return "restart" }
        }
        return nil
    }

    /// Times are in seconds on the clock of /proc/uptime, as `now` is.
    private func json(_ name: StaticString, _ objects: [ByteString]) -> ByteString {
        var object = JSONObject()
        object.add("now", now.json)
        object.add(name, ByteString(jsonArray: objects))
        return object.json
    }

    private func ago(_ moment: Instant?) -> ByteString {
        moment.map { "\(ByteString(rough: now - $0)) ago" } ?? "before us"
    }

    private func end(of lease: Lease) -> ByteString {
        lease.expires.map { "in \(ByteString(rough: $0 - now))" } ?? "no end"
    }
}

extension Choice.Reason {
    fileprivate var sentence: ByteString {
        switch self {
        case .nobody: "no target is up"
        case .only: "no other is up"
        case .answers: "the others are silent"
        case .preferred: "first in the list of those that are up"
        case .machines: "all answer, and it is first in the list"
        case .seen: "its interface was seen last by this name"
        case .newest: "its system has the newest lease"
        case .current: "it led there before"
        case .recent: "its lease was seen last"
        case .latest: "its lease ends last"
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
