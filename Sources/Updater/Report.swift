import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Linux
import Network

/// `cname-updater leases`, `aliases` and `presence`: prints the state, and changes nothing.
public final class Report {
    private let context: Context
    private let truth: Truth
    private var now: Instant { context.now }

    /// - Throws: `cannotCreate` if the run directory is not ours.
    public init(_ context: Context) throws(Fault) {
        self.context = context
        try Files.checkFolder(context.places.updater)
        truth = try Truth(context)
        for one in truth.publications { one.choose(truth.aliases) }
    }

    public func printLeases(asJSON: Bool) throws(Fault) {
        let leases = try truth.leases()
        if asJSON {
            let objects = leases.map { held in
                ByteString(
                    json: "client addresses hostname hardware since seen expires",
                    [
                        held.client.name.json, json(of: held.lease.addresses), (held.lease.hostName?.text ?? "").json,
                        held.lease.hardware.json, held.lease.since.json, held.lease.seen.json, held.lease.expires.json,
                    ])
            }
            return Log.info(json("leases", objects))
        }
        if leases.isEmpty {
            return Log.info("no leases: dnsmasq gave no lease, or was not restarted since the hook was installed")
        }
        let rows = leases.map { held in
            let lease = held.lease
            return [
                held.client.name, lease.addresses.text, lease.hostName?.text ?? "-", ago(lease.since), ago(lease.seen),
                end(of: lease),
            ]
        }
        Log.info(([["CLIENT", "ADDRESS", "HOST", "SINCE", "SEEN", "UNTIL"]] + rows).table())
    }

    public func printAliases(asJSON: Bool) throws(Fault) {
        if asJSON { return Log.info(json("aliases", try rows().map { (row) throws(Fault) in try json(of: row) })) }
        let rows = try rows()
        if rows.isEmpty {
            return Log.info("no aliases: a section 'cname' of \(context.places.config), then service debounced reload")
        }
        let differ = rows.count > truth.aliases.count
        let heads: [ByteString] = ["ALIAS", "TARGET", "ADDRESS", "SINCE", "UNTIL"]
        var lines = [heads + (differ ? ["CONFDIR"] : []) + ["WHY"]]
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
            lines.append(cells + (differ ? [confdir] : []) + [why])
        }
        Log.info(lines.table())
    }

    private func json(of row: Row) throws(Fault) -> ByteString {
        let choice = row.choice
        let obstacle = try obstacle(row)
        let since = choice.target == nil ? nil : context.since.moment(of: choice.alias)
        let others = truth.aliases[row.index].candidates { truth.known($0).isUp }.filter { $0 != choice.target }
        return ByteString(
            json: "alias target addresses since expires reason confdirs candidates loaded obstacle text",
            [
                choice.alias.text.json, choice.target?.text.json ?? "null",
                json(of: choice.lease?.addresses ?? choice.known.hosts), since.json, (choice.lease?.expires).json,
                choice.reason.rawValue.json, ByteString(jsonArray: row.publications.map { $0.confdir.json }),
                ByteString(jsonArray: others.map { json(of: $0) }), obstacle == nil ? "true" : "false",
                obstacle?.word.json ?? "null", obstacle?.text.json ?? "null",
            ])
    }

    private typealias Row = (index: Int, choice: Choice, publications: [Publication])

    /// Returns one row for each alias, or one for each conf-dir if the targets differ.
    private func rows() throws(Fault) -> [Row] {
        let all = truth.publications
        return truth.aliases.indices.flatMap { index -> [Row] in
            guard let first = all.first else {
                let choice = truth.aliases[index].choice(
                    knowing: { _ in .absent }, verdict: { _ in .unknown }, isCurrent: { _ in false })
                return [(index, choice, [])]
            }
            if all.contains(where: { $0.choices[index].target != first.choices[index].target }) {
                return all.map { (index, $0.choices[index], [$0]) }
            }
            return [(index, first.choices[index], all)]
        }
    }

    /// Returns why dnsmasq does not answer the alias as wanted; nil if it does.
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
        return ByteString(
            json: "target presence reached misses",
            [
                host.text.json, (candidate?.verdict ?? .unknown).rawValue.json, (candidate?.reached).json,
                "\(candidate?.misses ?? 0)",
            ])
    }

    public func printPresence(asJSON: Bool) throws(Fault) {
        let hosts = truth.candidates.flatMap { $0 }.uniqued
        if asJSON { return Log.info(json("candidates", hosts.map { json(of: $0) })) }
        if hosts.isEmpty {
            return Log.info("no candidates compete: no alias has two targets that are up")
        }
        if try FileLock.holder(of: context.places.updater + "/watch") == nil {
            Log.info("the candidates are not probed: cname-updater watch does not run")
        }
        let rows = hosts.map { host in
            let candidate = context.presence.candidate(host)
            return [
                host.text, (candidate?.verdict ?? .unknown).rawValue,
                candidate?.reached.map { "\(ByteString(rough: now - $0)) ago" } ?? "never", "\(candidate?.misses ?? 0)",
            ] as [ByteString]
        }
        Log.info(([["CANDIDATE", "PRESENCE", "REACHED", "MISSES"]] + rows).table())
    }

    /// Moments are in seconds on the clock of /proc/uptime.
    private func json(_ name: ByteString, _ objects: [ByteString]) -> ByteString {
        ByteString(json: "now " + name, [now.json, ByteString(jsonArray: objects)])
    }

    private func json(of addresses: [Address]) -> ByteString { ByteString(jsonArray: addresses.map { $0.text.json }) }

    private func ago(_ moment: Instant?) -> ByteString {
        moment.map { "\(ByteString(rough: now - $0)) ago" } ?? "unknown"
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
        case .reachable: "no other target is reachable"
        case .preferred: "first target that is up"
        case .firstMachine: "first reachable target"
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
