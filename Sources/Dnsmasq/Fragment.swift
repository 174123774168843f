import Basics
import Linux

/// The part of an instance's settings that is ours: `CONFDIR/cname-updater.conf`, with a line
/// `cname=ALIAS,ALIAS.DOMAIN,TARGET.DOMAIN` for each alias that leads somewhere, sorted: dnsmasq(8), --cname. Or, if dnsmasq
/// is to follow a folder in which the aliases are, with a line that names this folder.
///
/// What can't stand there, or dnsmasq would not start, has a comment in its place: `#ALIAS …` for one alias, `#! DIGEST …`
/// for all of them until they are other ones.
public final class Fragment {
    static let name: ByteString = "cname-updater.conf"
    public let path: ByteString
    public let instance: Instance
    /// Whether there is an alias of that name, wherever it leads.
    private let isAlias: (ByteString) throws(Fault) -> Bool
    /// Those of CNAMEs, even if dnsmasq is to follow a folder.
    private var lines: [ByteString] = []
    private let isFollowed: Bool
    /// What stood in the file before all aliases were taken away.
    public var old: ByteString = ""
    /// What the folder gets, if dnsmasq is to follow it.
    public var entries: [HostsFolder.Entry] = []

    /// - Parameters:
    ///   - isFollowed: dnsmasq is to follow a folder with the aliases.
    ///   - isAlias: Whether there is an alias of that name, wherever it leads.
    public init(
        for instance: Instance, isFollowed: Bool = false, isAlias: @escaping (ByteString) throws(Fault) -> Bool
    ) {
        self.instance = instance
        self.isFollowed = isFollowed
        self.isAlias = isAlias
        path = "\(instance.confdir)/\(Fragment.name)"
    }

    /// Whether the file has what it is to have of one alias. The rest is not looked at.
    ///
    /// - Parameter target: nil: the alias leads nowhere.
    /// - Throws: `cannotCreate` if it can't be read.
    public func serves(_ alias: HostName, to target: HostName?) throws(Fault) -> Bool {
        let line = try line(alias, target)
        let found = try current("cname=\(alias),")
        if let line, found == [line] { return true }
        // A refusal may be of other aliases than those of now, so it counts as a difference.
        guard found.isEmpty, try current("#! ").isEmpty else { return false }
        return try current("#\(alias) ").isEmpty == (line == nil)
    }

    /// Whether the alias leads somewhere, and is left out all the same.
    ///
    /// - Throws: `cannotCreate` if the file can't be read.
    public func leavesOut(_ alias: HostName, to target: HostName?) throws(Fault) -> Bool {
        guard target != nil else { return false }
        if try line(alias, target) == nil { return true }
        return try !(current("#\(alias) ") + current("#! ")).isEmpty
    }

    /// The lines of the file that start so.
    private func current(_ start: ByteString) throws(Fault) -> [ByteString] {
        try Files.readIfThere(path)?.lines(startingWith: start) ?? []
    }

    /// The file is to have this alias, too.
    public func add(_ alias: HostName, to target: HostName?) throws(Fault) {
        if let line = try line(alias, target) { lines.append(line) }
    }

    /// With a loop, or with a name that stands twice, dnsmasq does not start. So a target that is an alias itself is left
    /// out, and so is an alias that is another one with the domain behind it.
    private func line(_ alias: HostName, _ target: HostName?) throws(Fault) -> ByteString? {
        guard let target else { return nil }
        let domain: ByteString = "." + instance.domain
        for name in [target.text, target.text + domain] where try isAlias(name) { return nil }
        let name = alias.text
        let start = name.count - domain.count
        if start > 0, ByteString(name.bytes[start...]) == domain, try isAlias(ByteString(name.bytes[..<start])) {
            return nil
        }
        return "cname=\(alias),\(alias)\(domain),\(target)\(domain)"
    }

    /// What the file is to hold, with the aliases that were added.
    public var text: ByteString {
        if !isFollowed { return lines.sorted().joined(separator: "\n") }
        let comments = lines.filter { $0.hasPrefix("#") }.sorted()
        let isRefused = comments.contains { $0.hasPrefix("#! ") }
        let more: [ByteString] = isRefused ? [] : ["hostsdir=" + HostsFolder.path(in: instance.confdir)]
        return (comments + more).joined(separator: "\n")
    }

    /// The part of a fragment that means something to dnsmasq.
    public static func directives(in text: ByteString) -> ByteString {
        text.lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }.joined(separator: "\n")
    }

    /// Fills the folder with the entries of the aliases that are not left out.
    ///
    /// - Parameter isFollowed: dnsmasq follows the folder already.
    /// - Returns: Whether the folder was missing.
    /// - Throws: `cannotCreate`, `settings`.
    public func fillFolder(isFollowed: Bool) throws(Fault) -> Bool {
        try instance.check()
        let folder = HostsFolder(of: instance)
        let isMissing = try !folder.isThere()
        if isMissing { try folder.make() }
        var waits = isFollowed && !isMissing
        for entry in entries {
            let isThere = lines.contains { $0.hasPrefix("cname=\(entry.alias)," as ByteString) }
            if try !folder.put(isThere ? entry : HostsFolder.Entry(entry.alias), waits: waits) { waits = false }
        }
        try folder.keep(entries.map { $0.alias.text })
        return isMissing
    }

    /// Removes the folder that dnsmasq no longer follows.
    ///
    /// - Throws: `cannotCreate`.
    public func removeFolder() throws(Fault) {
        let folder = HostsFolder(of: instance)
        if try folder.isThere() { try Files.removeFolder(folder.path) }
    }

    /// Once all aliases are added: leaves out those that can't stand beside what dnsmasq is given by others. That is one of
    /// whose names is a CNAME there, and one whose target is: that may be a loop.
    ///
    /// - Parameters:
    ///   - old: What stands there now, as `current` gives it.
    ///   - dhcp: What `/etc/config/dhcp` says.
    ///   - isRetried: What dnsmasq did not start with before is tried again.
    /// - Returns: What is left out for that reason, and was not before.
    public func complete(since old: ByteString, _ dhcp: Reservations?, isRetried: Bool) -> [ByteString] {
        let before = old.lines
        var names: [ByteString] = []
        for line in lines { names += Fragment.names(in: line) }
        let others = OtherCNAMEs(names, in: instance, dhcp)
        var found: [ByteString] = []
        for (index, line) in lines.enumerated() {
            let names = Fragment.names(in: line)
            let places = names.compactMap { others.place(of: $0) }
            guard let place = places.first else { continue }
            lines[index] = "#\(names[0]) is left out: a CNAME has its name or its target's"
            if !before.contains(where: { $0 == lines[index] }) {
                found.append("alias '\(names[0])' is left out: its name or its target's is a CNAME at \(place)")
            }
        }
        // While there are none, it stays known which it did not start with.
        if !isRetried, let first = before.first, first.hasPrefix("#! "),
            first.hasPrefix(refusal) || Fragment.directives(in: text).isEmpty
        {
            lines = [first]
        }
        return found
    }

    /// The names in a line, the target's last.
    private static func names(in line: ByteString) -> [ByteString] {
        ByteString(line.bytes.dropFirst(6)).parts { $0 == UInt8(ascii: ",") }
    }

    /// Whether all aliases are left out because dnsmasq did not start with them.
    ///
    /// - Throws: `cannotCreate` if the file can't be read.
    public func isRefused() throws(Fault) -> Bool { try current().hasPrefix("#! ") }

    /// The start of what stands in the place of these aliases if dnsmasq does not start with them.
    private var refusal: ByteString {
        var digest = Digest()
        digest.add(Fragment.directives(in: text))
        return "#! \(digest.text) "
    }

    /// Takes all aliases in `old` away, until they are other ones.
    ///
    /// - Throws: `cannotCreate`, `settings`.
    public func withdraw() throws(Fault) {
        lines = old.lines
        // The digest is of what stood there.
        lines = [refusal + "all aliases are left out: dnsmasq does not start with them"]
        try prepare()
        try put()
    }

    /// Puts back what was taken away, unless something else stands there by now.
    ///
    /// - Throws: `cannotCreate`, `settings`.
    public func putBack() throws(Fault) {
        guard try current() == text else { return }
        lines = old.lines
        try prepare()
        try put()
    }

    /// What stands there now; empty if there is no such file.
    ///
    /// - Throws: `cannotCreate` if it can't be read.
    public func current() throws(Fault) -> ByteString {
        try Files.readIfThere(path)?.lines.joined(separator: "\n") ?? ""
    }

    /// The aliases that lead elsewhere than in what stood there, each as `ALIAS: TARGET to TARGET, EVENT`.
    ///
    /// - Parameter old: As `current` gives it.
    public func changes(since old: ByteString, because event: ByteString) -> [ByteString] {
        let (before, after) = (Fragment.directives(in: old).lines, Fragment.directives(in: text).lines)
        // The aliases are all there, in another form.
        if (before + after).contains(where: { $0.hasPrefix("hostsdir=") }) { return [] }
        func line(of alias: ByteString, in lines: [ByteString]) -> ByteString {
            let start: ByteString = "cname=\(alias),"
            let index = lines.firstIndex(notBefore: start)
            return index < lines.count && lines[index].hasPrefix(start) ? lines[index] : ""
        }
        var changes: [ByteString] = []
        for one in (before + after).sorted() {
            let alias = Fragment.names(in: one)[0]
            let (from, to) = (line(of: alias, in: before), line(of: alias, in: after))
            // An alias that leads elsewhere has a line on both sides, and is named once.
            guard from.isEmpty || from == one && from != to else { continue }
            changes.append("\(alias): \(target(from)) to \(target(to)), \(event)")
        }
        return changes
    }

    /// Without the domain.
    private func target(_ line: ByteString) -> ByteString {
        let name = Fragment.names(in: line).last!
        let length = name.count - instance.domain.count - 1
        return length > 0 ? ByteString(name.bytes[..<length]) : "none"
    }

    /// Writes the file under a name that starts with a dot: dnsmasq passes over those.
    ///
    /// - Throws: `cannotCreate`; `settings` if the folder is on flash.
    public func prepare() throws(Fault) {
        try instance.check()
        try Files.makePublicFolder(instance.confdir)
        try Files.write(draft, text, mode: 0o644)
    }

    /// Puts what is prepared in its place, in one step.
    ///
    /// - Throws: `cannotCreate`.
    public func put() throws(Fault) {
        try Files.rename(draft, to: path)
    }

    private var draft: ByteString { instance.confdir + "/.cname-updater.conf" }
}
