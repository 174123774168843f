import Basics

/// `config updater 'updater'`: what `cname-updater` requests, and where it finds dnsmasq.
public struct UpdaterSettings: Equatable {
    /// Whether changed aliases or changed leases request the job.
    public enum RequestMode: ByteString { case alias, lease }

    public enum Publish: ByteString {
        /// As CNAMEs, which dnsmasq reads at its start.
        case cname
        /// As addresses in a folder that dnsmasq follows.
        case hosts
    }

    static let table: [OptionRule] = [
        ("job", .jobName, ""), ("request", .request, "alias"), ("publish", .publish, "cname"), ("confdir", .folder, ""),
        ("domain", .domain, ""), ("mappings", .path, "/etc/cname_mappings"),
    ]

    let section: SettingsSection

    /// The job to request. If it is not set: the job `dnsmasq`, else the first job.
    public var job: ByteString { section["job"] }
    public var request: RequestMode { RequestMode(rawValue: section["request"])! }
    public var publish: Publish { Publish(rawValue: section["publish"])! }
    /// The folder in which dnsmasq reads the aliases; nil for the folders of the running instances.
    public var confdir: ByteString? { section[list: "confdir"].first?.text }
    /// The domain that dnsmasq adds to host names; nil for the domains of the running instances.
    public var domain: ByteString? { section[list: "domain"].first?.text }
    /// A file of lines `TARGET ALIAS [SYSTEM]`, which may be missing.
    public var mappings: ByteString { section["mappings"] }

    public static func == (one: Self, other: Self) -> Bool { one.section.text == other.section.text }
}
