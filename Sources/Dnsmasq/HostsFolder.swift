import Basics
import Linux

/// The aliases as addresses, in a folder that dnsmasq follows: `CONFDIR/cname-updater.hosts/ALIAS`, dnsmasq(8),
/// --hostsdir. Each change is one rename, which dnsmasq reads at once. dnsmasq is not root, so every user may read the
/// files. A line is `ADDRESS ALIAS.alias.invalid ALIAS.DOMAIN ALIAS`; another target's address has only one name.
///
/// dnsmasq renames a lease to the first name that a hosts file has for its address, if that name is in dnsmasq's
/// domain. The name in `alias.invalid` is in no such domain, so the lease keeps its own name. In dnsmasq 2.90, the
/// lease is safe only if a hosts file had the address before. So a new address is written with the first name alone,
/// and gets the other names after dnsmasq has read the file. All errors are `cannotCreate`.
struct HostsFolder {
    private let confdir: ByteString
    var path: ByteString { confdir + "/cname-updater.hosts" }

    static func isOurs(_ path: ByteString) -> Bool { path.hasSuffix("/cname-updater.hosts") }

    init(in confdir: ByteString) { self.confdir = confdir }

    private func path(_ entry: AliasEntry) -> ByteString { "\(path)/\(entry.alias)" }

    private func guarding(_ entry: AliasEntry, addresses: [ByteString]) -> [ByteString] {
        addresses.map { "\($0) \(entry.alias).alias.invalid" }
    }

    private func lines(_ entry: AliasEntry) -> [ByteString] {
        let names = (entry.names.dropFirst() + [entry.alias.text]).joined(separator: " ")
        return guarding(entry, addresses: entry.addresses).map { "\($0) \(names)" }
            + guarding(entry, addresses: entry.others)
    }

    func has(_ entry: AliasEntry) throws(Fault) -> Bool {
        guard let found = try Files.readIfThere(path(entry)) else { return !entry.isPublished }
        return entry.isPublished && found == lines(entry).joined(separator: "\n") + "\n"
    }

    /// The folder's inode, which changes if the folder is made anew; nil if the folder is missing.
    func inode() throws(Fault) -> UInt64? { try FileStatus(at: path).flatMap { $0.isDirectory ? $0.inode : nil } }

    func make() throws(Fault) {
        try Files.makePublicFolder(confdir)
        try Files.makePublicFolder(path)
    }

    /// Writes or removes the file of an alias. `waits` says that dnsmasq follows the folder. Returns false if dnsmasq
    /// did not read the first names in time.
    func publish(_ entry: AliasEntry, waits: Bool) throws(Fault) -> Bool {
        if try has(entry) { return true }
        guard entry.isPublished else {
            try Files.remove(path(entry))
            return true
        }
        let old = waits ? try Files.readIfThere(path(entry))?.lines ?? [] : []
        let new = (entry.addresses + entry.others).filter { address in !old.contains { $0.hasPrefix(address + " ") } }
        var hasRead = true
        if waits, !new.isEmpty {
            let watch = try FileWatch(.reads, in: [path])
            try write(entry, lines: old + guarding(entry, addresses: new))
            hasRead = watch.wait(upTo: .milliseconds(200))
            // dnsmasq updates its leases after reading, and then sleeps.
            let end = Process.now + .milliseconds(100)
            let processes = (try? DnsmasqProcess.all()) ?? []
            repeat {
                Process.pause(.milliseconds(1))
            } while hasRead && processes.contains { RunningProcess.isBusy($0.number) } && Process.now < end
        }
        try write(entry, lines: lines(entry))
        return hasRead
    }

    private func write(_ entry: AliasEntry, lines: [ByteString]) throws(Fault) {
        let draft = confdir + "/.cname-updater.hosts"
        try Files.write(lines.joined(separator: "\n"), to: draft, mode: 0o644)
        try Files.rename(draft, to: path(entry))
    }

    func removeAliases(except aliases: [ByteString]) throws(Fault) {
        let aliases = NameIndex(aliases)
        for name in try Files.names(in: path, hidden: true) where !aliases.contains(name) {
            try Files.remove("\(path)/\(name)")
        }
    }
}

public enum InstalledDnsmasq {
    /// Why dnsmasq can't get the aliases in a folder; nil if it can.
    public static func obstacle() -> ByteString? {
        guard let told = ChildProcess.run(["dnsmasq", "--version"], within: .seconds(2)), told.status == 0
        else { return "dnsmasq does not tell its version" }
        let words = told.output.lines.flatMap { $0.words }
        let version = words.count > 2 ? words[2] : ""
        let numbers = version.parts { !$0.isASCIIDigit }.map { $0.wholeNumber ?? 0 }
        if numbers.count < 2 || numbers[0] < 2 || numbers[0] == 2 && numbers[1] < 88 {
            return "dnsmasq \(version.printable()) does not forget entries that go, as 2.88 does"
        }
        return words.contains("inotify") ? nil : "this dnsmasq was built without inotify"
    }
}
