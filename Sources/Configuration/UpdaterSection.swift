import Basics

/// `config updater 'updater'`: what `cname-updater` asks for, and where it finds dnsmasq.
public struct UpdaterSettings: Equatable, Sendable {
    /// When the updater asks for its job.
    public enum Request: ByteString, Sendable {
        case alias, lease
    }

    /// How dnsmasq gets the aliases.
    public enum Publish: ByteString, Sendable {
        /// As CNAMEs, which it reads when it is started.
        case cname
        /// As addresses in a folder that it follows.
        case hosts
    }

    static let table = [
        Option("job", .jobName), Option("request", .request, "alias"), Option("publish", .publish, "cname"),
        Option("confdir", .folder), Option("domain", .domain), Option("mappings", .path, "/etc/cname_mappings"),
    ]

    /// The job that it asks for unless told otherwise. If none is set, it is the job `dnsmasq`, else the first.
    public let job: ByteString
    public let request: Request
    public let publish: Publish
    /// The folder in which dnsmasq finds the aliases; nil means the folders of the running instances.
    public var confdir: ByteString?
    /// The domain that dnsmasq adds to host names; nil means those of the running instances.
    public var domain: ByteString?
    /// A file of `TARGET ALIAS` lines, which may be missing.
    public let mappings: ByteString

    init(_ section: Section) {
        job = section["job"]
        request = Request(rawValue: section["request"])!
        publish = Publish(rawValue: section["publish"])!
        confdir = section[list: "confdir"].first?.text
        domain = section[list: "domain"].first?.text
        mappings = section["mappings"]
    }
}
