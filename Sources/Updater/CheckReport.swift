import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Linux

/// `cname-updater check`: finds what is wrong with the settings and the reservations, or else prints the settings.
public final class CheckReport {
    private let settings: Settings
    private var findings = Findings()
    private let isInForce: Bool
    private let truth: Truth
    private let reservations: Reservations

    /// Reads the settings file, not the settings in force.
    /// - Throws: `settings` if a file can't be read, or if /etc/config/dhcp is not UCI; `cannotCreate`.
    public init(_ places: Places) throws(Fault) {
        settings = try Settings(file: places.config, findings: &findings)
        reservations = try Reservations()
        let context = try Context(places)
        isInForce = settings.digest == context.settings.digest
        truth = try Truth(context, settings: settings)
    }

    private func collectFindings() throws(Fault) {
        addAdvice()
        if let finding = settings.jobFinding { findings.add(finding) }
        if !settings.aliases.isEmpty { try addObstacles() }
        let leases = try truth.leases()
        let rendered = truth.instances.map { $0.rendered }
        let hosts = HostsFiles.entries(in: truth.instances.flatMap { $0.hostsFiles }.uniqued) { truth.isWanted($0) }
        let aliases = settings.aliases.findings(
            reserved: reservations.hosts.compactMap { $0.hostName },
            leased: leases.compactMap { $0.lease.hostName } + hosts.compactMap { HostName($0.name) },
            router: Process.hostName.lowercased, domains: truth.publications.map { $0.domain }.filter { !$0.isEmpty },
            others: reservations.names + hosts.map { "\($0.name) \($0.file)" })
        for held in leases {
            let remark = held.turnsFinding(in: "\(truth.context.places.updater)/leases/\(held.client.name)")
            if let remark { findings.add(remark) }
        }
        let clashes = reservations.clashes(seen: leases, in: rendered)
        for problem in reservations.problems + clashes + aliases { findings.add(problem) }
    }

    private func addObstacles() throws(Fault) {
        for obstacle in truth.obstacles { findings.add(obstacle) }
        for instance in truth.instances where !instance.isPlain && !instance.rendered.hasRanges {
            findings.add(
                .problem, at: Place(instance.rendered.path),
                "has no DHCP range, so this instance learns of no host by DHCP")
        }
        for one in truth.publications {
            let domains = one.instances.map { $0.rendered.domain }.uniqued
            if domains.count > 1, settings.updater.domain == nil {
                let names = one.instances.map { $0.name }.joined(separator: ", ")
                findings.add(
                    .remark, at: Place(one.confdir),
                    "the instances \(names) share this conf-dir and have different domains (\(domains.listed)); aliases get that "
                        + "of the first; give each instance its own confdir, or set option domain")
            }
            one.choose(settings.aliases)
            for (alias, entry) in zip(settings.aliases, one.entries) {
                guard let omission = entry.omission else { continue }
                findings.add(
                    .problem, at: alias.place, "alias '\(alias.name)' is left out in \(one.confdir): \(omission)")
            }
        }
    }

    private func addAdvice() {
        let obstacle = InstalledDnsmasq.obstacle()
        let isHosts = settings.updater.publish == .hosts
        if isHosts, let obstacle {
            findings.add(.remark, at: settings.publishPlace, "publish 'hosts': \(obstacle), so cname is used")
        }
        if settings.aliases.isEmpty || isHosts && obstacle == nil { return }
        if let place = reservations.searchPlace {
            findings.add(
                .advice, at: place,
                "each restart of dnsmasq looks for another DHCP server for 3 s in each of \(reservations.searched.listed), without "
                    + "DNS and DHCP; option force '1' in each 'config dhcp' leaves that out")
        }
        if obstacle == nil {
            findings.add(
                .advice, at: settings.publishPlace,
                "option publish 'hosts' would serve a changed alias at once, without a restart of dnsmasq")
        }
    }

    /// - Returns: Whether there is no fault and no problem.
    public func print(asJSON: Bool) throws(Fault) -> Bool {
        try collectFindings()
        if asJSON {
            let isInForce: ByteString = isInForce ? "true" : "false"
            Log.info(ByteString(json: "now in_force findings", [Process.now.json, isInForce, findings.json]))
            return findings.areHarmless
        }
        for finding in findings.all { Log.error(finding.message) }
        guard findings.areHarmless else { return false }
        for one in truth.publications {
            let rest: ByteString = one.domain.isEmpty ? "it has no domain" : "its domain is \(one.domain)"
            Log.info("# dnsmasq looks in \(one.confdir), and \(rest)")
        }
        if !isInForce { Log.info("# not in force yet: service debounced reload") }
        Log.info(settings.shown)
        return true
    }
}
