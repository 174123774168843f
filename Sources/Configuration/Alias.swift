import Basics

/// A name that leads to one of its targets: `config cname 'ALIAS'`, or lines of the mapping file.
public final class Alias {
    public final class Target {
        public let host: HostName
        /// The operating system of a multi-boot machine. Targets of one system may be up together.
        public let system: ByteString

        init(_ host: HostName, system: ByteString) { (self.host, self.system) = (host, system) }
    }

    private static let table: [OptionRule] = [
        ("name", .domain, ""), ("target", .targets, ""), ("probe", .flag, "1"), ("enabled", .flag, "1"),
    ]

    public let name: HostName
    /// The preferred target first.
    public let targets: [Target]
    public let place: Place
    /// The network is probed if several targets are up.
    public let isProbed: Bool

    init(_ name: HostName, targets: [Target], isProbed: Bool, place: Place) {
        (self.name, self.targets, self.isProbed, self.place) = (name, targets, isProbed, place)
    }

    /// Reads a section, and leaves out faulty values. A target without a system, such as `maxwell-arch-wifi`, gets the
    /// system of the shortest target before `-…`, such as `maxwell-arch`. Without such a target it is a system by
    /// itself.
    /// - Returns: nil if no alias is left, or if the alias is not enabled.
    convenience init?(_ read: UCI.Section, file: ByteString, findings: inout Findings) {
        let named = read.values(of: "name").first ?? UCI.Value(read.name ?? "", line: read.line)
        let place = Place(file, line: named.line)
        guard let name = HostName(named.text) else {
            findings.add(.fault, at: place, "'\(named.text.printable())': not a host name")
            return nil
        }
        let section = SettingsSection(type: "cname", name: "", table: Alias.table, file: file, line: named.line)
        section.read(read, findings: &findings)
        var targets: [Target] = []
        for value in section[list: "target"] {
            let words = value.text.words
            let host = HostName(words[0])!
            if targets.contains(where: { $0.host == host }) {
                findings.add(.fault, at: Place(file, line: value.line), "target '\(host)' occurs twice for '\(name)'")
            } else {
                targets.append(Target(host, system: words.count == 2 ? words[1] : ""))
            }
        }
        guard !targets.isEmpty else {
            findings.add(.fault, at: place, "alias '\(name)' has no target: list target 'HOST'")
            return nil
        }
        let all: [Target] = targets.map { target in
            guard target.system.isEmpty else { return target }
            let stems = targets.filter { target.host == $0.host || target.host.text.hasPrefix($0.host.text + "-") }
            let stem = stems.min { $0.host.text.count < $1.host.text.count } ?? target
            return Target(target.host, system: stem.system.isEmpty ? stem.host.text : stem.system)
        }
        if section["enabled"] == "0" { return nil }
        self.init(name, targets: all, isProbed: section["probe"] == "1", place: place)
    }

    static func all(in text: ByteString, file: ByteString) -> [Alias] {
        var (all, targets): ([Alias], [Target]) = ([], [])
        var name: HostName?
        text.forEachLine(word: 2) { line, _ in
            guard let (option, rest) = ByteString(text.bytes[line]).split(at: UInt8(ascii: "'")) else { return }
            let value = ByteString(rest.bytes.dropLast())
            switch option {
            case "\toption name ": name = HostName(value)
            case "\tlist target ":
                guard let (host, system) = value.split(at: UInt8(ascii: " ")), let host = HostName(host) else { break }
                targets.append(Target(host, system: system))
            case "\toption probe ":
                if let name { all.append(Alias(name, targets: targets, isProbed: value == "1", place: Place(file))) }
                targets = []
            default: break
            }
        }
        return all
    }

    /// The section as in a settings file, with the option `probe` last, since `all` relies on it. The section is
    /// anonymous: the name of an alias may be too free for a section.
    var text: ByteString {
        let targets = targets.map { "\tlist target '\($0.host) \($0.system)'\n" as ByteString }.joined(separator: "")
        return
            "config cname\n\toption name '\(name)'\n\(targets)\toption enabled '1'\n\toption probe '\(isProbed ? 1 : 0)'\n"
    }
}
