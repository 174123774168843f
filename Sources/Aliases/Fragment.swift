import Basics
import Linux

/// The part of an instance's settings that is ours: `CONFDIR/cname-updater.conf`.
public struct Fragment: Equatable, Sendable {
    public let path: ByteString
    /// `cname=ALIAS,ALIAS.DOMAIN,TARGET.DOMAIN` lines, in the order of the aliases' names: dnsmasq(8), --cname.
    public let text: ByteString

    private let folder: ByteString

    public init(_ choices: [Choice], for instance: Instance) {
        folder = instance.confdir
        path = folder + "/cname-updater.conf"
        let domain: ByteString = "." + instance.domain
        let names = choices.filter { $0.target != nil }.map { $0.alias }
        var lines: [ByteString] = []
        for choice in choices {
            guard let target = choice.target else { continue }
            // With a loop, or with a name that stands twice, dnsmasq does not start.
            let isTaken = names.contains { $0 == target || $0 == target + domain || $0 + domain == choice.alias }
            if !isTaken { lines.append("cname=\(choice.alias),\(choice.alias)\(domain),\(target)\(domain)") }
        }
        text = lines.sorted().joined(separator: "\n")
    }

    /// What stands there now; empty if there is no such file.
    ///
    /// - Throws: `cannotCreate` if it can't be read.
    public func current() throws(Fault) -> ByteString {
        try Files.readIfThere(path)?.lines.joined(separator: "\n") ?? ""
    }

    /// Writes the file under a name that starts with a dot: dnsmasq passes over those.
    ///
    /// - Throws: `cannotCreate`.
    public func prepare() throws(Fault) {
        try Files.makePublicFolder(folder)
        try Files.write(draft, text, mode: 0o644)
    }

    /// Puts what is prepared in its place, in one step.
    ///
    /// - Throws: `cannotCreate`.
    public func put() throws(Fault) {
        try Files.rename(draft, to: path)
    }

    private var draft: ByteString { folder + "/.cname-updater.conf" }
}
