import Basics
import CLinux
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux
import Synchronization
import TestSupport

@testable import Updater

/// A router without processes: the updater's code with folders of its own, a clock that tests move, virtual instances
/// of dnsmasq, and a stand-in for the daemon.
final class EventWorld {
    let scratch = Scratch(in: "/dev/shm")
    var now = Instant(sinceStart: .seconds(1000))
    let places: Places
    /// Empty if the updater does not know OpenWrt's dnsmasq, as on other routers.
    private(set) var instances: [VirtualDnsmasq] = []
    /// The aliases that dnsmasq has loaded, where it is not an instance.
    private(set) var plainlyLoaded = ""
    /// The runs with an alias as their cause.
    private(set) var aliasRuns = 0
    /// Called when the updater lists the processes, with the number of such calls since `looks` was reset.
    var onLook: (Int) throws(Fault) -> Void = { _ in }
    var looks = 0
    /// Called when the updater waits for a lease file to come to rest.
    var onPause: () -> Void = {}
    /// The age that lease files seem to have. A young file must be unchanged after a pause.
    var ageOfFiles = Duration.seconds(60)
    private let processes = Mutex<[String: VirtualProcess]>([:])
    private var lastStart: Int64 = 0

    var ledger: RequestLedger { RequestLedger(folder: places.daemon) }

    /// - Parameters:
    ///   - sections: The settings without the places of files, which are added.
    ///   - shapes: The instances, which all run; empty for dnsmasq without OpenWrt.
    init(_ sections: String, _ shapes: VirtualDnsmasq...) throws {
        var places = try! Places(Arguments(["--config", ByteString(scratch / "config")], valued: ["--config"]))
        places.daemon = ByteString(scratch / "run")
        places.updater = ByteString(scratch / "leases")
        self.places = places
        instances = shapes
        for folder in ["etc", "conf", "guest"] { mkdir(scratch / folder, 0o755) }
        if !shapes.isEmpty { configure() }
        try set(sections)
        for one in instances {
            render(one)
            write(one)
            start(one)
        }
    }

    /// Changes the settings, and puts them in force.
    func set(_ sections: String) throws {
        var place = "config updater\n option mappings \(scratch / "mappings")\n"
        if instances.isEmpty { place += " option confdir \(scratch / "conf")\n option domain lan\n" }
        scratch.write("config", place + sections)
        try Settings(file: places.config).takeOver(places)
    }

    /// Writes /etc/config/dhcp.
    func configure(_ more: String = "") {
        scratch.write("dhcp", instances.map { "config dnsmasq \($0.name)\n" }.joined() + more)
    }

    // MARK: The updater

    /// Returns the context of an updater that is called now.
    func context() throws -> Context { try Context(places, takesOver: true, router: router) }

    private var router: RouterView {
        let router = RouterView()
        router.rendered = ByteString(scratch / "etc")
        router.dhcp = ByteString(scratch / "dhcp")
        router.processes = { () throws(Fault) in
            self.looks += 1
            try self.onLook(self.looks)
            return self.listed()
        }
        router.leaseFile = { path in
            LeaseFile.read(path, wallClock: { Process.wallClock + self.ageOfFiles }, pause: { _ in self.onPause() })
        }
        router.now = { self.now }
        router.wallClock = { .seconds(VirtualLease.epoch) + self.now.sinceStart }
        return router
    }

    func handle(_ variables: [String: String]) throws {
        let event = try LeaseEvent(router: "OpenWrt") { variables["\($0)"].map { ByteString($0) } }
        try context().handle(event)
    }

    /// Reconciles as `watch` does after a change.
    func watch() throws { try context().reconcile(Occasion("watch"), marks: false) }

    /// Reconciles as `verify` does after its verdict on all instances.
    func verify(_ occasion: (inout Occasion) -> Void = { _ in }) throws {
        var one = Occasion("the restart")
        occasion(&one)
        try context().reconcile(one, waits: true)
    }

    /// The truth, with the choices made.
    func truth() throws -> Truth {
        let truth = try Truth(context(), isFirst: false)
        for one in truth.publications { one.choose(truth.aliases) }
        return truth
    }

    /// The fragment in a conf-dir.
    func fragment(in confdir: String = "conf") -> String { contents(scratch / "\(confdir)/cname-updater.conf") ?? "" }
    var fragment: String { fragment() }

    func isPending(_ cause: RequestLedger.Cause = .alias) -> Bool {
        (try? ledger.isPending(cause, in: "dnsmasq")) ?? false
    }
    var isRunning: Bool { (try? ledger.isRunning("dnsmasq")) ?? false }

    // MARK: The processes of dnsmasq

    /// Each process has the test's number, so that it sees the conf-dir; the start tells processes apart.
    private func listed() -> [DnsmasqProcess] {
        let running = processes.withLock { $0 }
        return instances.compactMap { one in
            running[one.name].map { process in
                DnsmasqProcess(
                    number: Process.number, start: process.start, file: ByteString(scratch / one.file),
                    hasRead: process.hasRead)
            }
        }
    }

    func process(_ one: VirtualDnsmasq) -> VirtualProcess? { processes.withLock { $0[one.name] } }

    private func set(_ process: VirtualProcess?, _ one: VirtualDnsmasq) {
        processes.withLock { $0[one.name] = process }
    }

    /// Forks a process of dnsmasq.
    ///
    /// - Parameter reads: Whether it has read its files.
    func start(_ one: VirtualDnsmasq, reads: Bool = true) {
        lastStart = max(lastStart + 1, Int64(now.sinceStart.milliseconds / 10))
        set(VirtualProcess(start: lastStart), one)
        if reads { read(one) }
    }

    /// Forks a process that has read its files at an earlier moment.
    func start(_ one: VirtualDnsmasq, having loaded: VirtualProcess.Loaded) {
        start(one, reads: false)
        var process = process(one)!
        process.loaded = loaded
        process.hasRead = true
        set(process, one)
    }

    /// The process reads its files.
    ///
    /// - Parameter isSeen: Whether it has dropped root, too.
    func read(_ one: VirtualDnsmasq, isSeen: Bool = true) {
        guard var process = process(one) else { return }
        process.loaded = process.loaded ?? onDisk(one.confdir)
        process.hasRead = isSeen
        set(process, one)
    }

    func stop(_ one: VirtualDnsmasq) { set(nil, one) }

    /// Another program restarts dnsmasq.
    func restartFromOutside() {
        for one in instances {
            stop(one)
            start(one)
        }
        plainlyLoaded = fragment
    }

    /// Returns the content that a process would load now.
    func onDisk(_ confdir: String) -> VirtualProcess.Loaded {
        let lines = fragment(in: confdir).split(separator: "\n").filter { !$0.hasPrefix("#") }
        let folder = lines.contains { $0.hasPrefix("hostsdir=") } ? "\(confdir)/cname-updater.hosts" : "none"
        let status = (try? FileStatus(at: ByteString(scratch / folder))) ?? nil
        return VirtualProcess.Loaded(directives: lines.joined(separator: "\n"), inode: status?.inode)
    }

    /// The aliases that dnsmasq has loaded.
    var loaded: String {
        instances.isEmpty ? plainlyLoaded : process(instances[0])?.loaded?.directives ?? "nothing"
    }

    // MARK: The daemon

    /// Takes the pending requests, as the daemon does when it starts a run.
    ///
    /// - Returns: Whether anything was pending.
    @discardableResult
    func beginRun() throws -> Bool {
        guard let taken = try ledger.startRun(of: "dnsmasq") else { return false }
        if taken.events.contains(where: { $0.hasPrefix("alias ") }) { aliasRuns += 1 }
        return true
    }

    func endRun() throws {
        if !instances.isEmpty { try verify() }
        try ledger.finish("dnsmasq", run: ledger.runs(of: "dnsmasq").begun, status: 0)
    }

    /// Runs the job if anything is pending, as after the quiet time.
    @discardableResult
    func restart() throws -> Bool {
        guard try beginRun() else { return false }
        restartFromOutside()
        try endRun()
        return true
    }

    /// Returns a violation of the promise that no process is forgotten; nil without a violation.
    func broken() throws -> String? {
        for one in instances {
            guard let process = process(one), let loaded = process.loaded, loaded != onDisk(one.confdir) else {
                continue
            }
            if isPending() || isRunning { continue }
            let confdir = ByteString(scratch / one.confdir)
            let state = try Publication.states(context()).first { $0.confdir == confdir }
            let isSpared = state?.seen.contains { $0.process.start == process.start && !$0.spared.isEmpty } ?? false
            if state?.isChanging ?? false || isSpared || self.process(one)?.start != process.start { continue }
            return "\(one.name) has loaded '\(loaded.directives)', not '\(onDisk(one.confdir).directives)'"
        }
        return nil
    }
}

extension Duration {
    var milliseconds: Int { Int(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000) }
}
