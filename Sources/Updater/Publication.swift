import Aliases
import Basics
import Configuration
import Dnsmasq
import Ledger
import Linux

/// One conf-dir: the instances that read it, what their processes have loaded, and the fragment that is wanted.
final class Publication {
    let instances: [Instance]
    private let index: Int
    let fragment: Fragment
    let other: OtherSettings
    let hosts: HostTable
    private let domains: [Domain]
    private let publisher: Publisher
    /// The text of the fragment on disk.
    private let onDisk: ByteString
    private let onDiskDigest: ByteString
    private(set) var state: FragmentState
    private(set) var choices: [Choice] = []
    private(set) var entries: [AliasEntry] = []
    /// The text that the fragment must have.
    private(set) var wanted: ByteString = ""
    /// The processes, each with what it has loaded.
    private var seen: [SeenProcess] = []
    private let context: Context
    /// The text of the saved state; nil if no state is saved.
    private var saved: ByteString?
    /// The digest of dnsmasq's other input: once it differs, aliases that were left out are tried again.
    private let inputsDigest: ByteString

    var isPlain: Bool { instances[0].isPlain }
    var confdir: ByteString { fragment.confdir }
    var domain: ByteString { domains.name(for: nil) }

    // MARK: The files

    private func path(_ kind: StaticString) -> ByteString { context.path(kind, of: confdir) }

    /// Returns the saved states of all conf-dirs.
    /// - Throws: `cannotCreate`.
    static func states(_ context: Context) throws(Fault) -> [FragmentState] {
        try Files.names(in: context.folder).filter { $0.hasPrefix("state.") }.compactMap { name in
            (try? Files.read("\(context.folder)/\(name)")).flatMap { FragmentState(text: $0) }
        }
    }

    /// - Parameters:
    ///   - instances: The instances that share a conf-dir, at least one.
    ///   - state: The saved state; nil before the first change.
    /// - Throws: `cannotCreate`.
    init(_ truth: Truth, instances: [Instance], state: FragmentState?) throws(Fault) {
        let context = truth.context
        let confdir = instances[0].confdir
        (self.instances, self.context, index) = (instances, context, truth.publications.count)
        fragment = Fragment(in: confdir)
        onDisk = try fragment.text()
        onDiskDigest = try Publisher.digest(onDisk, in: confdir)
        saved = state?.text
        self.state = state ?? FragmentState(confdir: confdir)
        inputsDigest = Publication.inputsDigest(of: instances, context: context)
        other = try Publication.other(truth: truth, instances: instances, inputsDigest: inputsDigest)
        publisher = truth.updater.publish == .hosts && other.obstacle == nil ? .hosts : .cname
        if let domain = truth.updater.domain ?? (instances[0].isPlain ? context.reservations?.domain ?? "lan" : nil) {
            domains = [Domain(domain)!]
        } else {
            domains = instances[0].rendered.domains + other.domains
        }
        hosts = try truth.hosts(instances, domains: domains)
        for instance in instances {
            seen += instance.processes.map { self.state.seen($0, of: instance.name, onDisk: onDiskDigest) }
        }
    }

    /// Returns the digest of dnsmasq's input besides the fragment. A new start alone does not change the digest.
    private static func inputsDigest(of instances: [Instance], context: Context) -> ByteString {
        let confdir = instances[0].confdir
        var parts = instances.map { (try? Files.read($0.rendered.path)) ?? "" }
        let names = ((try? Files.names(in: confdir)) ?? []).filter { !$0.hasPrefix("cname-updater.") }
        for path in names.map({ "\(confdir)/\($0)" as ByteString }) + [context.router.dhcp] {
            guard let file = (try? FileStatus(at: path)) ?? nil else { continue }
            parts.append("\(path) \(file.inode) \(file.size) \(file.changed.microseconds)")
        }
        return parts.joined(separator: "\n").digest
    }

    /// Returns the other settings of dnsmasq, from the saved text if its key still holds.
    private static func other(
        truth: Truth, instances: [Instance], inputsDigest: ByteString
    ) throws(Fault) -> OtherSettings {
        let processes = instances.flatMap { $0.processes }.map { "\($0.number) \($0.start)" as ByteString }
        let key = (processes + [inputsDigest, truth.digest]).joined(separator: " ").digest
        let kept = try Files.readIfThere(truth.context.path("other", of: instances[0].confdir)) ?? ""
        return OtherSettings(text: kept, key: key)
            ?? OtherSettings(
                of: instances.map { $0.rendered }, confdir: instances[0].confdir,
                reservations: truth.context.reservations, key: key,
                obstacle: truth.updater.publish == .hosts ? InstalledDnsmasq.obstacle() : nil
            ) { truth.isWanted($0) }
    }

    // MARK: What is wanted

    func choose(_ aliases: [Alias], occasion: Occasion = Occasion("")) {
        let (presence, since) = (context.presence, context.since)
        let names = NameIndex(aliases.map { $0.name.text })
        choices = aliases.map { alias in
            alias.choice(
                knowing: { hosts.known($0) }, verdict: { presence.verdict(of: $0) { hosts.known($0).seen } },
                isCurrent: { since.leads(alias.name, to: $0, at: index) })
        }
        entries = choices.map { choice in
            let entry = AliasEntry(
                choice.alias, to: choice.target, in: domains, addresses: choice.known.addresses, others: choice.others)
            entry.omit(isAlias: { names.contains($0) }, cnameAt: { other.place(of: $0) })
            // `HostsFiles` leaves out names of a loopback address.
            let name = choice.alias.text
            if case .hosts = publisher, name == "localhost" || !hosts.addresses(of: name).isEmpty {
                entry.omission = "a hosts file has its name"
            }
            return entry
        }
        wanted = publisher.text(entries, in: confdir)
        func concerns(_ names: [ByteString]) -> Bool { instances.contains { names.contains($0.name) } }
        if concerns(occasion.leavesOut) {
            // The aliases on disk are those with which dnsmasq did not run. Other aliases are tried.
            (state.leftOut, state.leftOutSince) = ((onDisk + inputsDigest).digest, context.now)
        } else if occasion.retries || concerns(occasion.putsBack) || context.now >= leftOutEnd
            || !state.leftOut.isEmpty && state.leftOut != (wanted + inputsDigest).digest
        {
            state.leftOut = ""
        }
        if state.leftOut.isEmpty { return }
        for entry in entries where entry.omission == nil { entry.omission = "dnsmasq did not run with it" }
        wanted = "# all aliases are left out: dnsmasq did not run with them"
    }

    var leftOutEnd: Instant { state.leftOutSince + .seconds(3600) }

    // MARK: The change

    private(set) lazy var differs = wanted != onDisk || state.isChanging || !publisher.isReady(wanted, in: confdir)

    /// Writes the fragment's draft: the file system may be full.
    /// - Throws: `cannotCreate`.
    func prepare() throws(Fault) { if differs { try fragment.prepare(wanted) } }

    /// Saves that a change goes on, and what each process has loaded.
    /// - Throws: `cannotCreate`.
    func markChanging() throws(Fault) {
        guard differs else { return }
        // A process that is reading may read the old fragment or the new one.
        for one in seen where !one.process.hasRead { one.content = SeenProcess.unknown }
        if seen.contains(where: { $0.content == onDiskDigest }) {
            try Files.replace("\(path("text")).\(onDiskDigest)", with: onDisk)
        }
        state.isChanging = true
        try save()
    }

    /// Installs the files and the fragment.
    /// - Throws: `cannotCreate`.
    func install() throws(Fault) {
        try publisher.writeFiles(entries, in: confdir, isFollowed: !differs)
        if differs { try fragment.install() }
        for omission in differs ? Fragment.omissions(from: onDisk, to: wanted) : [] {
            Log.system(from: "cname-updater", omission)
        }
    }

    func rescan(_ processes: [DnsmasqProcess]) {
        guard differs else { return }
        let before = seen
        seen = processes.compactMap { process in
            guard let instance = instances.first(where: { $0.rendered.path == process.file }) else { return nil }
            return before.first { $0.process.isSame(as: process) }
                ?? SeenProcess(of: instance.name, process, content: SeenProcess.unknown)
        }
    }

    private func digest() throws(Fault) -> ByteString {
        try publisher == .cname && wanted == onDisk ? onDiskDigest : Publisher.digest(wanted, in: confdir)
    }

    /// Returns whether a process has loaded anything else than the wanted fragment, or may have.
    /// - Throws: `cannotCreate`.
    func needsRestart() throws(Fault) -> Bool {
        if isPlain { return differs }
        let digest = try digest()
        return seen.contains { $0.content != digest && $0.spared != digest }
    }

    /// Requests no restart for processes that a restart has not touched, until the wanted fragment changes.
    /// - Throws: `cannotCreate`.
    func spare(_ untouched: [DnsmasqProcess]) throws(Fault) {
        let digest = try digest()
        for one in seen where one.content != digest {
            if untouched.contains(where: { one.process.isSame(as: $0) }) { one.spared = digest }
        }
    }

    /// The aliases with a new target, each as `ALIAS: TARGET to TARGET`.
    var changes: [ByteString] { Fragment.changes(from: onDisk, to: wanted, domain: domain) }

    /// Saves that the change is over.
    /// - Parameter isLoaded: No process needs a restart.
    /// - Throws: `cannotCreate`.
    func settle(isLoaded: Bool) throws(Fault) {
        state.isChanging = false
        state.onDisk = try digest()
        try save()
        if !other.isKept { try Files.replace(path("other"), with: other.text) }
        let texts = path("text") + "."
        for name in try Files.names(in: context.folder) {
            let path: ByteString = "\(context.folder)/\(name)"
            let isNeeded = !isLoaded && state.seen.contains { texts + $0.content == path }
            if path.hasPrefix(texts), !isNeeded { try Files.remove(path) }
        }
        if isLoaded { try publisher.removeUnusedFolder(wanted, in: confdir) }
    }

    private func save() throws(Fault) {
        // A process that is reading is recorded by a later reconcile.
        let running = seen.filter {
            state.isChanging || differs || $0.process.hasRead || $0.content == SeenProcess.unknown
        }
        // The last process of an instance stays in the state, also if it has ended or the next one is reading.
        let ended = instances.filter { one in !running.contains { $0.name == one.name } }
        state.seen = running + ended.compactMap { state.last(of: $0.name) }
        let isNew = saved == nil && state.seen.isEmpty && !differs
        if isNew || state.text == saved { return }
        try Files.replace(path("state"), with: state.text)
        saved = state.text
    }

    var isBeingRead: Bool {
        // A process that runs as root without a script never shows that it has finished reading.
        seen.contains { one in
            !one.process.hasRead && one.content != SeenProcess.unknown
                && context.now - one.process.started < .seconds(60)
        }
    }

    // MARK: For reports

    /// Returns whether all processes have loaded the alias as wanted.
    /// - Throws: `cannotCreate`.
    func hasLoaded(_ entry: AliasEntry) throws(Fault) -> Bool {
        guard try publisher.hasFile(entry, in: confdir) else { return false }
        if isPlain {
            if try context.ledger.isPending(.alias, in: context.job) { return false }
            if try context.ledger.isRunning(context.job) { return false }
        } else if case .hosts = publisher {
            let digest = try digest()
            return !seen.isEmpty && seen.allSatisfy { $0.content == digest }
        }
        let line = entry.omission == nil ? entry.line : nil
        return !loaded.isEmpty && !loaded.contains { Fragment.line(of: entry.alias.text, in: $0) != line }
    }

    private lazy var loaded: [[ByteString]] = {
        let lines = onDisk.lines
        if isPlain { return [lines] }
        let all = seen.compactMap { one in
            one.content == onDiskDigest ? lines : (try? Files.read("\(path("text")).\(one.content)"))?.lines
        }
        return all.count < seen.count ? [] : all
    }()
}
