import Basics
import Linux
import Network

/// An alias in the form for the instances that read one conf-dir.
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

    /// Omits an alias that dnsmasq would not answer. Omits also a duplicate name or a loop, which prevents the start.
    /// `isAlias` tells whether an alias has that name, with any target; `place` finds a CNAME outside our fragment.
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

/// The form in which dnsmasq gets the aliases.
public enum Publisher: Sendable {
    /// CNAMEs in the fragment, which dnsmasq reads at its start.
    case cname
    /// Addresses in a folder that dnsmasq follows. The fragment names the folder.
    case hosts

    public func text(_ entries: [AliasEntry], in confdir: ByteString) -> ByteString {
        var lines = entries.compactMap { $0.line }.sorted()
        if self == .hosts, !entries.isEmpty { lines = lines.filter { $0.hasPrefix("#") } + [Publisher.line(confdir)] }
        return lines.joined(separator: "\n")
    }

    /// Whether the folder that the fragment names exists.
    public func isReady(_ text: ByteString, in confdir: ByteString) -> Bool {
        self == .cname || Fragment.directives(in: text).isEmpty
            || ((try? HostsFolder(in: confdir).inode()) ?? nil) != nil
    }

    /// Writes the files beside the fragment. Must come before the fragment.
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

    /// Makes an empty folder and the fragment that names it, before dnsmasq's first start.
    /// - Throws: `cannotCreate`.
    public static func prepare(_ confdir: ByteString) throws(Fault) {
        try HostsFolder(in: confdir).make()
        let fragment = Fragment(in: confdir)
        try fragment.prepare(line(confdir))
        try fragment.install()
    }

    private static func line(_ confdir: ByteString) -> ByteString { "hostsdir=" + HostsFolder(in: confdir).path }

    /// Removes a folder that the fragment does not name. Call only if no process of dnsmasq follows the folder.
    /// - Throws: `cannotCreate`.
    public func removeUnusedFolder(_ text: ByteString, in confdir: ByteString) throws(Fault) {
        let folder = HostsFolder(in: confdir)
        if !text.hasSuffix(Publisher.line(confdir)), try folder.inode() != nil { try Files.removeFolder(folder.path) }
    }

    /// Whether the alias's file beside the fragment is right. Always true for `cname`.
    /// - Throws: `cannotCreate` if the file can't be read.
    public func hasFile(_ entry: AliasEntry, in confdir: ByteString) throws(Fault) -> Bool {
        try self == .cname ? true : HostsFolder(in: confdir).has(entry)
    }

    /// The digest of the content that dnsmasq loads with a fragment. Includes the folder's inode, since a process does
    /// not follow a folder that is made anew.
    /// - Throws: `cannotCreate` if the folder can't be examined.
    public static func digest(_ text: ByteString, in confdir: ByteString) throws(Fault) -> ByteString {
        let directives = Fragment.directives(in: text)
        if !directives.hasPrefix("hostsdir=") { return directives.digest }
        let inode = try HostsFolder(in: confdir).inode()
        return (directives + "\n" + (inode.map { ByteString(decimal: $0) } ?? "missing")).digest
    }
}
