import Basics
import Linux
import Network

/// An alias as it must be in one conf-dir.
public final class AliasEntry {
    public let alias: HostName
    /// nil if the alias leads nowhere.
    public let target: HostName?
    /// The alias, and the alias in the instance's domain.
    public let names: [ByteString]
    let targetName: ByteString
    var addresses: [ByteString] { target == nil ? [] : own.map { $0.text }.sorted() }
    /// The addresses that the alias may lead to later.
    var others: [ByteString] { target == nil ? [] : rest.filter { !own.contains($0) }.map { $0.text }.sorted() }
    private let own: [Address]
    private let rest: [Address]
    public var omission: ByteString?

    public init(
        _ alias: HostName, to target: HostName?, in domains: [Domain], addresses: [Address], others: [Address]
    ) {
        let first = domains.name(for: nil)
        (self.alias, self.target) = (alias, target)
        names = [alias.text] + (first.isEmpty ? [] : ["\(alias).\(first)"])
        let domain = domains.name(for: addresses.first { $0.isIPv4 } ?? addresses.first)
        targetName = target.map { domain.isEmpty ? $0.text : "\($0).\(domain)" } ?? ""
        (own, rest) = (addresses, others)
    }

    var isPublished: Bool { target != nil && omission == nil }

    /// The line of dnsmasq(8), --cname; or a comment.
    public var line: ByteString? {
        if target == nil { return nil }
        if let omission { return "#\(alias) is left out: \(omission)" }
        return "cname=" + (names + [targetName]).joined(separator: ",")
    }

    /// Leaves the alias out if dnsmasq would not start with it (a name twice, a loop), or would not answer it.
    /// - Parameters:
    ///   - isAlias: Returns whether an alias has that name.
    ///   - place: Returns the place of another CNAME with that name.
    public func omit(isAlias: (ByteString) -> Bool, cnameAt place: (ByteString) -> ByteString?) {
        guard let target else { return }
        let domain = ByteString(names[names.count - 1].bytes.dropFirst(alias.text.count))
        func bare(_ name: ByteString) -> ByteString {
            name.hasSuffix(domain) ? ByteString(name.bytes.dropLast(domain.count)) : name
        }
        for name in [target.text, targetName, bare(targetName)] where isAlias(name) {
            omission = "its target is an alias itself"
        }
        let other = bare(alias.text)
        if other != alias.text, isAlias(other) { omission = "it is another alias with the domain" }
        for name in names + [targetName] {
            if let place = place(name) { omission = "'\(name)' is a CNAME at \(place)" }
        }
    }
}

/// How dnsmasq is given the aliases.
public enum Publisher: Sendable {
    case cname
    case hosts

    public func text(_ entries: [AliasEntry], in confdir: ByteString) -> ByteString {
        var lines = entries.compactMap { $0.line }.sorted()
        if self == .hosts, !entries.isEmpty { lines = lines.filter { $0.hasPrefix("#") } + [Publisher.line(confdir)] }
        return lines.joined(separator: "\n")
    }

    /// Whether the folder exists, if the fragment names it.
    public func isReady(_ text: ByteString, in confdir: ByteString) -> Bool {
        self == .cname || Fragment.directives(in: text).isEmpty
            || ((try? HostsFolder(in: confdir).inode()) ?? nil) != nil
    }

    /// Writes the files besides the fragment, before the fragment.
    /// - Parameter isFollowed: dnsmasq follows the folder.
    /// - Throws: `cannotCreate`.
    public func writeFiles(_ entries: [AliasEntry], in confdir: ByteString, isFollowed: Bool) throws(Fault) {
        if self == .cname || entries.isEmpty { return }
        let folder = HostsFolder(in: confdir)
        let inode = try folder.inode()
        var waits = isFollowed && inode != nil
        try folder.make()
        for entry in entries { if try !folder.publish(entry, waits: waits) { waits = false } }
        try folder.removeAliases(except: entries.filter { $0.isPublished }.map { $0.alias.text })
    }

    /// Installs an empty folder, and the fragment that names it, before dnsmasq's first start.
    /// - Throws: `cannotCreate`.
    public static func prepare(_ confdir: ByteString) throws(Fault) {
        try HostsFolder(in: confdir).make()
        let fragment = Fragment(in: confdir)
        try fragment.prepare(line(confdir))
        try fragment.install()
    }

    private static func line(_ confdir: ByteString) -> ByteString { "hostsdir=" + HostsFolder(in: confdir).path }

    /// Removes a folder that the fragment no longer names, once no process of dnsmasq follows it.
    /// - Throws: `cannotCreate`.
    public func removeUnusedFolder(_ text: ByteString, in confdir: ByteString) throws(Fault) {
        let folder = HostsFolder(in: confdir)
        if !text.hasSuffix(Publisher.line(confdir)), try folder.inode() != nil { try Files.removeFolder(folder.path) }
    }

    /// Returns whether the files besides the fragment have the alias.
    /// - Throws: `cannotCreate` if they can't be read.
    public func hasFile(_ entry: AliasEntry, in confdir: ByteString) throws(Fault) -> Bool {
        try self == .cname ? true : HostsFolder(in: confdir).has(entry)
    }

    /// Returns the digest of what a process loads with a fragment. A new folder has another digest.
    /// - Throws: `cannotCreate` if the folder can't be read.
    public static func digest(_ text: ByteString, in confdir: ByteString) throws(Fault) -> ByteString {
        let directives = Fragment.directives(in: text)
        if !directives.hasPrefix("hostsdir=") { return directives.digest }
        let inode = try HostsFolder(in: confdir).inode()
        return (directives + "\n" + (inode.map { ByteString(decimal: $0) } ?? "missing")).digest
    }
}
