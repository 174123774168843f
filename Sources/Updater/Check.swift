import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Linux

/// `cname-updater check`: what is wrong with the settings and with the reservations, or else the settings as they are
/// understood.
public final class Check {
    private let settings: Settings
    private var findings = Findings()
    private let isInForce: Bool
    private let instances: [Instance]
    private let reservations: Reservations
    private let leases: [LeaseStorage.ClientLease]

    /// Reads the settings file, whatever is in force.
    ///
    /// - Throws: `settings` if a file can't be read, or if /etc/config/dhcp is no UCI; `cannotCreate`.
    public init(_ places: Places) throws(Fault) {
        settings = try Settings(file: places.config, &findings)
        let context = try Context(places)
        isInForce = settings.digest == context.settings.digest
        let reservations = try Reservations()
        instances = try Instance.all(settings.updater, RenderedFile.all()) { reservations.domain }
        leases = try Report(context).leases
        self.reservations = reservations
    }

    private func look() throws(Fault) {
        if settings.updater.publish == .hosts, let obstacle = InstalledDnsmasq.obstacle() {
            findings.add(.remark, settings.publishPlace, "publish 'hosts': \(obstacle), so cname is used")
        }
        if let finding = settings.jobFinding { findings.add(finding) }
        for instance in instances {
            if let problem = try instance.problem() { findings.add(problem) }
        }
        try addClashes()
        let aliases = settings.aliases.findings(
            reserved: reservations.hosts.compactMap { $0.hostName }, leased: leases.compactMap { $0.lease.hostName },
            router: Process.hostName.lowercased, domains: instances.map { $0.domain })
        for problem in reservations.problems + reservations.clashes(seen: leases) + aliases { findings.add(problem) }
    }

    /// Adds the aliases that are left out, so that dnsmasq starts.
    private func addClashes() throws(Fault) {
        for instance in instances {
            let domain: ByteString = "." + instance.domain
            var names: [ByteString] = []
            for alias in settings.aliases {
                names += [alias.name.text, alias.name.text + domain]
                names += alias.targets.map { $0.host.text + domain }
            }
            let others = OtherCNAMEs(names, in: instance, reservations)
            for alias in settings.aliases {
                let name = alias.name.text
                if let place = others.place(of: name) ?? others.place(of: name + domain) {
                    findings.add(
                        .problem, alias.place,
                        "alias '\(name)' is left out: it is a CNAME at \(place) too; remove one of them")
                }
                for target in alias.targets {
                    guard let place = others.place(of: target.host.text + domain) else { continue }
                    findings.add(
                        .problem, alias.place,
                        "alias '\(name)' is left out where it would lead to '\(target.host)': that is a CNAME at \(place), "
                            + "and a target is a host's own name")
                }
            }
            let fragment = Fragment(for: instance) { _ in false }
            if try fragment.isRefused() {
                findings.add(
                    .problem, Place(fragment.path),
                    "dnsmasq did not start with these aliases, so all are left out until they change or the service is "
                        + "reloaded")
            }
        }
    }

    /// - Returns: Whether nothing has to be mended.
    public func print(asJSON: Bool) throws(Fault) -> Bool {
        try look()
        if asJSON {
            var object = JSONObject()
            object.add("now", Process.now.json)
            object.add("in_force", isInForce ? "true" : "false")
            object.add("findings", findings.json)
            Log.info(object.json)
            return findings.areHarmless
        }
        for finding in findings.all { Log.error(finding.message) }
        guard findings.areHarmless else { return false }
        for instance in instances {
            Log.info("# dnsmasq looks in \(instance.confdir), and its domain is \(instance.domain)")
        }
        if !isInForce { Log.info("# not in force yet: service debounced reload") }
        Log.info(settings.shown)
        return true
    }
}
