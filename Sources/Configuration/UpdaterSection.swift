import Basics

/// `config updater 'updater'`: what `cname-updater` asks for, and where it finds dnsmasq.
public struct UpdaterSettings: Equatable {
    /// When the updater asks for its job.
    public enum RequestMode: ByteString { case alias, lease }

    /// How dnsmasq gets the aliases.
    public enum Publish: ByteString {
        /// As CNAMEs, which it reads when it is started.
        case cname
        /// As addresses in a folder that it follows.
        case hosts
    }

    static let table: [OptionRule] = [
        ("job", .jobName, ""), ("request", .request, "alias"), ("publish", .publish, "cname"), ("confdir", .folder, ""),
        ("domain", .domain, ""), ("mappings", .path, "/etc/cname_mappings"),
    ]

    let section: SettingsSection

    /// The job that it asks for unless told otherwise. If none is set, it is the job `dnsmasq`, else the first.
    public var job: ByteString { section["job"] }
    public var request: RequestMode { RequestMode(rawValue: section["request"])! }
    public var publish: Publish { Publish(rawValue: section["publish"])! }
    /// The folder in which dnsmasq finds the aliases; nil means the folders of the running instances.
    public var confdir: ByteString? { section[list: "confdir"].first?.text }
    /// The domain that dnsmasq adds to host names; nil means those of the running instances.
    public var domain: ByteString? { section[list: "domain"].first?.text }
    /// A file of `TARGET ALIAS` lines, which may be missing.
    public var mappings: ByteString { section["mappings"] }

    public static func == (one: Self, other: Self) -> Bool { one.section.text == other.section.text }
}
