import Basics

/// A name that is to lead to whichever of its targets is up: `config cname 'ALIAS'`, or lines of the mapping file. A class,
/// though nobody changes it once it is read: so arrays of it are of pointers, which is little code.
public final class Alias {
    public final class Target {
        public let host: HostName
        /// The operating system of a multi-boot machine that it belongs to; targets of one system may be up at the same
        /// time.
        public let system: ByteString

        init(_ host: HostName, _ system: ByteString) {
            self.host = host
            self.system = system
        }
    }

    static let table = [
        Option("name", .hostName), Option("target", .targets), Option("probe", .flag, "1"),
        Option("enabled", .flag, "1"),
    ]

    public let name: HostName
    /// The preferred one first.
    public private(set) var targets: [Target] = []
    private let section: Section

    /// Without targets yet.
    ///
    /// - Returns: nil if the name can't be one.
    init?(_ name: UCI.Value, file: ByteString, _ findings: inout Findings) {
        section = Section("cname", Alias.table, file: file, line: name.line)
        guard let checked = HostName(name.text) else {
            findings.add(.fault, Place(file, name.line), "'\(name.text.printable())': not a host name")
            return nil
        }
        self.name = checked
        _ = section.set("name", name.text)
    }

    /// What is faulty is left out.
    ///
    /// - Returns: nil if that leaves no alias.
    convenience init?(_ section: UCI.Section, file: ByteString, _ findings: inout Findings) {
        let named = section.options.first { $0.name == "name" }?.values[0]
        self.init(named ?? UCI.Value(section.name ?? "", line: section.line), file: file, &findings)
        self.section.read(section.options, &findings)
        if !complete(file, &findings) { return nil }
    }

    /// - Parameter value: The target's host name, and the name of its system if the user gave one.
    func add(_ value: UCI.Value) -> ByteString? {
        let before = section[list: "target"]
        let fault = section.set("target", value.text)
        let added = fault == nil ? [UCI.Value(section["target"], line: value.line)] : []
        section[list: "target"] = before + added
        return fault
    }

    /// Takes over the targets, once all are there. One that has no system gets that of the target with the shortest name
    /// from which its own differs by `-…` at the end, as `maxwell-arch-wifi` does from `maxwell-arch`; else one of its own.
    ///
    /// - Returns: false if there is none.
    func complete(_ file: ByteString, _ findings: inout Findings) -> Bool {
        for value in section[list: "target"] {
            let words = value.text.words
            // It has been read as a target.
            let host = HostName(words[0])!
            if targets.contains(where: { $0.host == host }) {
                findings.add(.fault, Place(file, value.line), "target '\(host)' stands twice for '\(name)'")
            } else {
                targets.append(Target(host, words.count == 2 ? words[1] : ""))
            }
        }
        guard !targets.isEmpty else {
            findings.add(.fault, place, "alias '\(name)' has no target: list target 'HOST'")
            return false
        }
        targets = targets.map { target in
            guard target.system.isEmpty else { return target }
            let stems = targets.filter { target.host == $0.host || target.host.text.hasPrefix($0.host.text + "-") }
            let stem = stems.min { $0.host.text.count < $1.host.text.count } ?? target
            return Target(target.host, stem.system.isEmpty ? stem.host.text : stem.system)
        }
        section[list: "target"] = targets.map { UCI.Value("\($0.host) \($0.system)", line: 0) }
        return true
    }

    /// Which of several targets is up is also asked on the network.
    public var isProbed: Bool { section["probe"] == "1" }

    /// If not, it is as if the section were not there.
    var isEnabled: Bool { section["enabled"] == "1" }

    /// Where it is set.
    public var place: Place { section.place(of: "name") }

    /// As a settings file has it. The section has no name of its own: that of an alias may be no name for a section.
    var text: ByteString { section.text }
}
