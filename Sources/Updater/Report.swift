import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux

/// `cname-updater leases` and `aliases`: what is known. Changes nothing.
public final class Report {
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
                object.add("addresses", ByteString(jsonArray: held.lease.addresses.map { $0.json }))
                object.add("hostname", held.lease.hostName.text.json)
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
                held.client.name, lease.addresses.joined(separator: " "),
                lease.hostName.isEmpty ? "-" : lease.hostName.text,
                ago(lease.since), ago(lease.seen), end(of: lease),
            ])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    public func printAliases(asJSON: Bool) throws(Fault) {
        var choices: [Choice] = []
        for alias in try context.settings.all().aliases {
            let choice = try alias.choice(
                leases: { (host) throws(Fault) in leases.filter { $0.lease.hostName == host }.map { $0.lease } },
                answers: { host in !context.silence.contains(host) })
            choices.append(choice)
        }
        let since = try Since(folder: context.places.updater)
        func moment(of choice: Choice) -> Instant? {
            choice.target.flatMap { since.moment(of: choice.alias, to: $0) }
        }
        if asJSON {
            let fragments = try context.instances().map { Fragment(for: $0, isAlias: context.settings.isAlias) }
            let isServed = try self.isServed()
            let objects = try choices.map { (choice) throws(Fault) in
                let obstacle = try obstacle(choice, fragments) ?? (isServed ? nil : "restart")
                var object = JSONObject()
                object.add("alias", choice.alias.text.json)
                object.add("target", choice.target?.text.json ?? "null")
                object.add("addresses", ByteString(jsonArray: choice.lease?.addresses.map { $0.json } ?? []))
                object.add("since", moment(of: choice).json)
                object.add("expires", (choice.lease?.expires).json)
                object.add("reason", choice.reason.rawValue.json)
                object.add("served", obstacle == nil ? "true" : "false")
                object.add("obstacle", obstacle?.json ?? "null")
                return object.json
            }
            return Log.info(json("aliases", objects))
        }
        if choices.isEmpty {
            return Log.info("no aliases: a section 'cname' of \(context.places.config), then service debounced reload")
        }
        var table = Table(["ALIAS", "TARGET", "ADDRESS", "SINCE", "UNTIL", "WHY"])
        for choice in choices {
            table.add([
                choice.alias.text, choice.target?.text ?? "-", choice.lease?.addresses.joined(separator: " ") ?? "-",
                choice.target == nil ? "-" : ago(moment(of: choice)), choice.lease.map { end(of: $0) } ?? "-",
                choice.reason.sentence,
            ])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    /// Whether dnsmasq was started with what the fragments hold.
    private func isServed() throws(Fault) -> Bool {
        guard let record = try AliasKeeper.record(context) else { return false }
        let job = context.settings.updater.job
        let lastRun = try context.ledger.lastRun(of: job)
        return try record.isServed(lastRun: lastRun, standing: context.ledger.standing(of: .alias, in: job))
    }

    /// What keeps a fragment from holding the alias as it is to lead; nil: nothing.
    private func obstacle(_ choice: Choice, _ fragments: [Fragment]) throws(Fault) -> ByteString? {
        for fragment in fragments {
            if try fragment.leavesOut(choice.alias, to: choice.target) { return "left_out" }
            guard try fragment.serves(choice.alias, to: choice.target) else { return "restart" }
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
