import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux
import Network

/// `cname-updater leases`, `aliases` and `presence`: what is known. Changes nothing.
public final class Report {
    private let context: Context
    private let truth: Truth
    private var now: Instant { context.now }

    /// - Throws: `cannotCreate` if the run directory is not ours.
    public init(_ context: Context) throws(Fault) {
        self.context = context
        // Another user could have written anything there.
        try Files.checkFolder(context.places.updater)
        truth = try Truth(context)
        for one in truth.publications { one.choose(truth.aliases) }
    }

    public func printLeases(asJSON: Bool) throws(Fault) {
        let leases = try truth.leases()
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
        if asJSON { return Log.info(json("aliases", try rows().map { (row) throws(Fault) in try json(of: row) })) }
        let rows = try rows()
        if rows.isEmpty {
            return Log.info("no aliases: a section 'cname' of \(context.places.config), then service debounced reload")
        }
        let differ = rows.count > truth.aliases.count
        var table = Table(["ALIAS", "TARGET", "ADDRESS", "SINCE", "UNTIL"] + (differ ? ["CONFDIR"] : []) + ["WHY"])
        for row in rows {
            let choice = row.choice
            let addresses = choice.lease?.addresses ?? choice.known.hosts
            let cells: [ByteString] = [
                choice.alias.text, choice.target?.text ?? "-", addresses.isEmpty ? "-" : addresses.text,
                choice.target == nil ? "-" : ago(context.since.moment(of: choice.alias)),
                choice.lease.map { end(of: $0) } ?? "-",
            ]
            let confdir: ByteString = row.publications.count == 1 ? row.publications[0].confdir : "all"
            let obstacle = try obstacle(row)
            let why: ByteString =
                switch obstacle?.word {
                case nil: choice.reason.sentence
                case "restart": choice.reason.sentence + "; dnsmasq has it after its next restart"
                default: obstacle!.text
                }
            table.add(cells + (differ ? [confdir] : []) + [why])
        }
        Log.info(table.lines().joined(separator: "\n"))
    }

    private func json(of row: Row) throws(Fault) -> ByteString {
        let choice = row.choice
        let obstacle = try obstacle(row)
        var object = JSONObject()
        object.add("alias", choice.alias.text.json)
        object.add("target", choice.target?.text.json ?? "null")
        let addresses = choice.lease?.addresses ?? choice.known.hosts
        object.add("addresses", ByteString(jsonArray: addresses.map { $0.text.json }))
        object.add("since", (choice.target == nil ? nil : context.since.moment(of: choice.alias)).json)
        object.add("expires", (choice.lease?.expires).json)
        object.add("reason", choice.reason.rawValue.json)
        object.add("confdirs", ByteString(jsonArray: row.publications.map { $0.confdir.json }))
        let others = truth.aliases[row.index].candidates { truth.known($0).isUp }.filter { $0 != choice.target }
        object.add("candidates", ByteString(jsonArray: others.map { json(of: $0) }))
        object.add("loaded", obstacle == nil ? "true" : "false")
        object.add("obstacle", obstacle?.word.json ?? "null")
        object.add("text", obstacle?.text.json ?? "null")
        return object.json
    }

    /// Where an alias leads in some conf-dirs.
    private final class Row {
        /// Of the alias.
        let index: Int
        let choice: Choice
        let publications: [Publication]

        init(_ index: Int, _ choice: Choice, _ publications: [Publication]) {
            (self.index, self.choice, self.publications) = (index, choice, publications)
        }
    }

    /// One row for each alias, unless the conf-dirs differ.
    private func rows() throws(Fault) -> [Row] {
        let all = truth.publications
        return truth.aliases.indices.flatMap { index -> [Row] in
            guard let first = all.first else {
                let choice = truth.aliases[index].choice(
                    knowing: { _ in .absent }, verdict: { _ in .unknown }, isCurrent: { _ in false })
                return [Row(index, choice, [])]
            }
            if all.contains(where: { $0.choices[index].target != first.choices[index].target }) {
                return all.map { Row(index, $0.choices[index], [$0]) }
            }
            return [Row(index, first.choices[index], all)]
        }
    }

    /// What keeps dnsmasq from answering the alias as it must be; nil if nothing does.
    private func obstacle(_ row: Row) throws(Fault) -> (word: ByteString, text: ByteString)? {
        if row.publications.isEmpty {
            return ("no_instance", truth.obstacles.first?.message ?? "no instance of dnsmasq runs")
        }
        for one in row.publications {
            if let omission = one.entries[row.index].omission { return ("left_out", "left out: \(omission)") }
        }
        for one in row.publications where try !one.hasLoaded(one.entries[row.index]) {
            return ("restart", "dnsmasq has it after its next restart")
        }
        return nil
    }

    private func json(of host: HostName) -> ByteString {
        let candidate = context.presence.candidate(host)
        var object = JSONObject()
        object.add("target", host.text.json)
        object.add("presence", (candidate?.verdict ?? .unknown).rawValue.json)
        object.add("reached", (candidate?.reached).json)
        object.add("misses", ByteString(decimal: candidate?.misses ?? 0))
        return object.json
    }

    public func printPresence(asJSON: Bool) throws(Fault) {
        let hosts = truth.candidates.flatMap { $0 }.uniqued
        if asJSON { return Log.info(json("candidates", hosts.map { json(of: $0) })) }
        if hosts.isEmpty {
            return Log.info("no candidates compete: no alias has two targets that are up, so none is probed")
        }
        if try FileLock.holder(of: context.places.updater + "/watch") == nil {
            Log.info("the candidates are not probed: cname-updater watch does not run")
        }
        var table = Table(["CANDIDATE", "PRESENCE", "REACHED", "MISSES"])
        for host in hosts {
            let candidate = context.presence.candidate(host)
            table.add([
                host.text, (candidate?.verdict ?? .unknown).rawValue,
                candidate?.reached.map { "\(ByteString(rough: now - $0)) ago" } ?? "never",
                "\(candidate?.misses ?? 0)",
            ])
        }
        Log.info(table.lines().joined(separator: "\n"))
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
        case .none: "no target is up"
        case .only: "no other target has a lease"
        case .hosts: "a hosts file has its name"
        case .reachable: "the others are unreachable"
        case .preferred: "first in the list of those that are up"
        case .firstMachine: "all are reachable, and it is first in the list"
        case .sameInterface: "its interface was seen last by this name"
        case .newest: "its system has the newest lease"
        case .current: "the alias led there before"
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
