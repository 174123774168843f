import Basics
import Linux
import Network

/// The aliases as addresses, in a folder that dnsmasq follows: `CONFDIR/cname-updater.hosts/ALIAS`, dnsmasq(8), --hostsdir.
/// A change is one rename, of which dnsmasq hears at once. All may read it, as dnsmasq is not root, and root alone writes.
///
/// A line is `ADDRESS ALIAS.alias.invalid ALIAS.DOMAIN ALIAS`, or without the last two for an address of another target.
///
/// dnsmasq gives a lease the name that it finds for its address in a hosts file, if that name is in its domain. It goes by
/// the first name of the line, which is in no domain of ours, and so the lease keeps its own name. But in 2.90 this holds only
/// for an address that some hosts file had before. So a new address is put there with its first name alone, and gets the
/// others once dnsmasq has read that.
public struct HostsFolder {
    public let path: ByteString
    private let confdir: ByteString
    private let domain: ByteString

    /// What is published of an alias.
    public final class Entry {
        let alias: HostName
        /// Those that it leads to; none: there is no such alias.
        let addresses: [ByteString]
        /// Those that it may lead to later.
        let others: [ByteString]

        public init(_ alias: HostName, _ addresses: [Address] = [], others: [Address] = []) {
            self.alias = alias
            self.addresses = addresses.map { $0.text }.sorted()
            self.others = addresses.isEmpty ? [] : others.filter { !addresses.contains($0) }.map { $0.text }.sorted()
        }
    }

    public init(of instance: Instance) {
        path = HostsFolder.path(in: instance.confdir)
        confdir = instance.confdir
        domain = instance.domain
    }

    private static let name: ByteString = "/cname-updater.hosts"
    static func path(in confdir: ByteString) -> ByteString { confdir + name }
    static func isOurs(_ path: ByteString) -> Bool { path.hasSuffix(name) }

    private func path(_ alias: HostName) -> ByteString { "\(path)/\(alias)" }

    private func guarding(_ alias: HostName, _ addresses: [ByteString]) -> [ByteString] {
        addresses.map { "\($0) \(alias).alias.invalid" }
    }

    private func lines(_ entry: Entry) -> [ByteString] {
        guarding(entry.alias, entry.addresses).map { "\($0) \(entry.alias).\(domain) \(entry.alias)" }
            + guarding(entry.alias, entry.others)
    }

    /// Whether it has all that is to be published of an alias.
    ///
    /// - Throws: `cannotCreate` if that can't be read.
    public func serves(_ entry: Entry) throws(Fault) -> Bool {
        guard let found = try Files.readIfThere(path(entry.alias)) else { return entry.addresses.isEmpty }
        return found == lines(entry).joined(separator: "\n") + "\n"
    }

    /// Whether dnsmasq can have followed it.
    ///
    /// - Throws: `cannotCreate` if that can't be told.
    public func isThere() throws(Fault) -> Bool { try FileStatus(at: path)?.isDirectory ?? false }

    /// - Throws: `cannotCreate`.
    public func make() throws(Fault) {
        try Files.makePublicFolder(confdir)
        try Files.makePublicFolder(path)
    }

    /// Publishes an alias.
    ///
    /// - Parameter waits: dnsmasq follows the folder.
    /// - Returns: false if dnsmasq did not read what was put there first.
    /// - Throws: `cannotCreate`.
    public func put(_ entry: Entry, waits: Bool) throws(Fault) -> Bool {
        if try serves(entry) { return true }
        if entry.addresses.isEmpty {
            try Files.remove(path(entry.alias))
            return true
        }
        var hasRead = true
        if waits {
            let old = try Files.readIfThere(path(entry.alias))?.lines ?? []
            let new = (entry.addresses + entry.others).filter { address in
                !old.contains { $0.hasPrefix(address + " ") }
            }
            if !new.isEmpty {
                let watch = try FileWatch(.reads, in: [path])
                try write(entry.alias, old + guarding(entry.alias, new))
                hasRead = watch.wait(upTo: .milliseconds(200))
                // It still has to bring its leases up to date. When that is done, it sleeps.
                let end = Process.now + .milliseconds(100)
                let processes = (try? RunningProcess.all(of: "dnsmasq")) ?? []
                repeat {
                    Process.pause(.milliseconds(1))
                } while hasRead && processes.contains { RunningProcess.isBusy(Int32($0.number)) } && Process.now < end
            }
        }
        try write(entry.alias, lines(entry))
        return hasRead
    }

    private func write(_ alias: HostName, _ lines: [ByteString]) throws(Fault) {
        // dnsmasq passes over files that start with a dot.
        let draft = confdir + "/.cname-updater.hosts"
        try Files.write(draft, lines.joined(separator: "\n"), mode: 0o644)
        try Files.rename(draft, to: path(alias))
    }

    /// Removes all aliases but these.
    ///
    /// - Throws: `cannotCreate`.
    public func keep(_ aliases: [ByteString]) throws(Fault) {
        for name in try Files.names(in: path, hidden: true) where !aliases.contains(name) {
            try Files.remove("\(path)/\(name)")
        }
    }
}

extension Instance {
    /// The IPv6 addresses that odhcpd has given to a host: `ADDRESS NAME.DOMAIN NAME` in its files among those of
    /// --addn-hosts.
    public func odhcpdAddresses(of host: HostName) -> [Address] {
        let names = [host.text, "\(host).\(domain)" as ByteString]
        var addresses: [Address] = []
        let files: [ByteString] = hostsFolders.flatMap { folder in
            ((try? Files.names(in: folder)) ?? []).filter { $0.hasPrefix("odhcpd") }.map { "\(folder)/\($0)" }
        }
        for file in files {
            // A file that is written anew may be missing for a moment.
            guard let text = try? Files.read(file) else { continue }
            for words in text.lines.map({ $0.words }) where words.count > 1 {
                guard let address = Address(words[0]), !address.isIPv4,
                    words.dropFirst().contains(where: { names.contains($0.lowercased) }),
                    !addresses.contains(address)
                else { continue }
                addresses.append(address)
            }
        }
        return addresses
    }

    /// The folders in which odhcpd's files are.
    public var hostsFolders: [ByteString] { rendered.flatMap { $0.hosts }.uniqued }
}

/// What the installed dnsmasq can do.
public enum InstalledDnsmasq {
    /// Why it can't be given aliases in a folder that it follows; nil: it can.
    public static func obstacle() -> ByteString? {
        guard let told = ChildProcess.run(["dnsmasq", "--version"], within: .seconds(2)), told.status == 0 else {
            return "dnsmasq does not tell its version"
        }
        let words = told.output.lines.flatMap { $0.words }
        let version = words.count > 2 ? words[2] : ""
        let numbers = version.parts { !$0.isASCIIDigit }.map { $0.wholeNumber ?? 0 }
        if numbers.count < 2 || numbers[0] < 2 || numbers[0] == 2 && numbers[1] < 88 {
            return "dnsmasq \(version.printable()) does not forget entries that go, as 2.88 does"
        }
        return words.contains("inotify") ? nil : "this dnsmasq was built without inotify"
    }
}
