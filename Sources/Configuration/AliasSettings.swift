import Basics

/// What `cname-updater` needs of `/etc/config/debounced` besides the job: the aliases, and when to ask.
public struct AliasSettings: Equatable, Sendable {
    /// When the updater asks for its job.
    public enum Request: CaseIterable, Sendable {
        case auto, alias, lease

        public var word: StaticString {
            switch self {
            case .auto: "auto"
            case .alias: "alias"
            case .lease: "lease"
            }
        }
    }

    public static let defaultMappings: ByteString = "/etc/cname_mappings"

    public var request = Request.auto
    /// The folder in which dnsmasq finds the aliases; nil: where the running instances look.
    public var confdir: ByteString?
    /// What dnsmasq adds to host names; nil: what the running instances have.
    public var domain: ByteString?
    /// A file of `TARGET ALIAS` lines, which may be missing.
    public var mappings = defaultMappings
    public var aliases: [Alias] = []

    public init() {}

    /// Reads what a settings file says. The mapping file is another: see `[Alias].add(mappings:file:)`.
    ///
    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public init(_ uci: UCI, file: ByteString) throws(Fault) {
        for section in uci.sections {
            switch section.type {
            case "updater":
                for option in section.options { try set(option.name, option.only(file), file) }
            case "cname":
                try aliases.add([Alias(section, file: file)])
            default:
                break
            }
        }
    }

    /// The job is asked for whenever a lease is new, gone or changed.
    public var asksForLeases: Bool {
        request == .lease || request == .auto && aliases.isEmpty
    }

    /// The host is a target of an alias.
    public func isTarget(_ host: ByteString) -> Bool {
        aliases.contains { $0.targets.contains { $0.host == host } }
    }

    /// Every host that is a target, once.
    public var targets: [ByteString] { AliasSettings.targets(of: aliases) }

    /// Those that also have to answer.
    public var probedTargets: [ByteString] { AliasSettings.targets(of: aliases.filter { $0.isProbed }) }

    private static func targets(of aliases: [Alias]) -> [ByteString] {
        var hosts: [ByteString] = []
        for alias in aliases {
            for target in alias.targets where !hosts.contains(target.host) { hosts.append(target.host) }
        }
        return hosts
    }

    private mutating func set(_ option: ByteString, _ value: UCI.Value, _ file: ByteString) throws(Fault) {
        func refuse(_ allowed: ByteString) -> Fault {
            Fault(.settings, "\(file):\(value.line): \(option) '\(value.text.printable())': allowed \(allowed)")
        }
        switch option {
        case "request":
            guard let request = Request.allCases.first(where: { value.text == $0.word }) else {
                throw refuse("are auto, alias and lease")
            }
            self.request = request
        case "confdir":
            guard value.text.isPath else { throw refuse("is a folder's whole path, such as /tmp/dnsmasq.d") }
            confdir = value.text
        case "domain":
            guard value.text.isHostName else { throw refuse("is a domain, such as lan") }
            domain = value.text.lowercased
        case "mappings":
            guard value.text.isPath else { throw refuse("is a file's whole path") }
            mappings = value.text
        default:
            // `Settings` says which there are.
            break
        }
    }
}

extension Alias {
    fileprivate init(_ section: UCI.Section, file: ByteString) throws(Fault) {
        var name = section.name ?? ""
        var place: ByteString = "\(file):\(section.line)"
        for option in section.options where option.name == "name" {
            // For a name with a `-`, which uci(1) does not take for a section.
            let value = try option.only(file)
            name = value.text
            place = "\(file):\(value.line)"
        }
        try self.init(name, place: place)
        for option in section.options {
            switch option.name {
            case "name": break
            case "target":
                for value in option.values { try add(value.text.words, place: "\(file):\(value.line)") }
            case "probe":
                let value = try option.only(file)
                switch value.text {
                case "1", "on", "true", "yes", "enabled": isProbed = true
                case "0", "off", "false", "no", "disabled": isProbed = false
                default:
                    let text = value.text.printable()
                    throw Fault(.settings, "\(file):\(value.line): probe '\(text)': allowed are 0 and 1")
                }
            default:
                let line = option.values[0].line
                throw Fault(
                    .settings, "\(file):\(line): option '\(option.name)': allowed are name, target, probe")
            }
        }
        guard !targets.isEmpty else {
            throw Fault(.settings, "\(place): alias '\(self.name)' has no target: list target 'HOST'")
        }
    }
}

extension ByteString {
    /// An absolute path, fit for a message and a line.
    fileprivate var isPath: Bool {
        hasPrefix("/") && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}
