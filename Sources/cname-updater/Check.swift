import Aliases
import Basics
import Configuration
import Leases
import Linux

/// `cname-updater check`: what is wrong with the settings and with the reservations, or what is in force.
struct Check {
    private static let dhcp: ByteString = "/etc/config/dhcp"

    private let settings: UpdaterSettings
    private let leases: [(client: ClientIdentifier, lease: Lease)]

    /// - Throws: `settings`, with the first fault that keeps the events from being handled.
    init(_ places: Places) throws(Fault) {
        settings = try UpdaterSettings(file: places.config)
        leases = try Report(places).leases
    }

    /// - Returns: Whether nothing is wrong.
    /// - Throws: `settings` if /etc/config/dhcp can't be read.
    func print() throws(Fault) -> Bool {
        var findings: [ByteString] = []
        var instances: [Instance] = []
        do throws(Fault) {
            instances = try Instance.all(settings.aliases)
        } catch {
            findings.append(error.message)
        }
        let reservations = try reservations()
        findings += reservations.faults
        findings += reservations.clashes(
            seen: leases.map { client, lease in
                SeenClient(
                    hardware: lease.hardware, identifier: client.kind == .hardware ? "" : client.text,
                    hostName: lease.hostName)
            })
        findings += settings.aliases.aliases.findings(
            reserved: reservations.hosts.map { $0.hostName }, leased: leases.map { $0.lease.hostName },
            router: Process.hostName.lowercased)
        for finding in findings { Log.error(finding) }
        if findings.isEmpty { Log.info(settings.text(instances)) }
        return findings.isEmpty
    }

    private func reservations() throws(Fault) -> Reservations {
        do throws(Fault) {
            return try Reservations(Files.readIfThere(Check.dhcp, limit: 1 << 24) ?? "", file: Check.dhcp)
        } catch {
            throw Fault(.settings, error.message)
        }
    }
}

extension UpdaterSettings {
    /// As a settings file that says the same.
    fileprivate func text(_ instances: [Instance]) -> ByteString {
        var lines: [ByteString] = [
            "config updater 'updater'", "\toption job '\(settings.updaterJob)'",
            "\toption request '\(literal: aliases.request.word)'", "\toption mappings '\(aliases.mappings)'",
        ]
        for instance in instances {
            lines.append("\toption confdir '\(instance.confdir)'")
            lines.append("\toption domain '\(instance.domain)'")
        }
        for alias in aliases.aliases {
            lines += ["", "config cname", "\toption name '\(alias.name)'"]
            lines += alias.targets.map { "\tlist target '\($0.host) \($0.system)'" }
            lines.append("\toption probe '\(alias.isProbed ? 1 : 0)'")
        }
        return lines.joined(separator: "\n")
    }
}
