import CLinux
import TestSupport

/// A router as an updater sees it, without dnsmasq and its clients: a rendered file, a lease file, and a process that
/// counts as dnsmasq. The alias `m` has the targets `a` and `b`, of one system.
final class StandIn {
    let daemon: Daemon
    private let name: String
    private let namespace: Program
    private var dnsmasq: Program?
    var fragment: String { daemon.scratch / "conf/cname-updater.conf" }

    init(publish: String = "cname") throws {
        daemon = try Daemon(starts: false)
        let scratch = daemon.scratch
        // No other instance on this machine has this name.
        name = "standin" + scratch.path.filter { $0.isLetter || $0.isNumber }
        try run(["mkdir", "-p", scratch / "var/etc", scratch / "conf", scratch / "bin"])
        try run(["chmod", "755", scratch.path, scratch / "conf"])
        try run(["cp", "/bin/dash", scratch / "bin/dnsmasq"])
        try run(["mkfifo", "-m", "644", scratch / "never"])
        scratch.write(
            "var/etc/dnsmasq.conf.\(name)",
            """
            no-hosts
            domain=lan
            conf-dir=\(scratch / "conf")
            dhcp-leasefile=\(scratch / "dhcp.leases")
            dhcp-range=10.0.0.1,10.0.0.99,255.255.255.0,12h

            """)
        scratch.write(
            "config",
            """
            \(daemon.updaterSection)option publish \(publish)
            config cname m
                list target 'a s'
                list target 'b s'
            """)
        let script = "mount --bind \(scratch / "var") /var; echo ready; exec sleep 100000"
        namespace = try daemon.spawn(["unshare", "-m", "sh", "-ec", script])
        try namespace.line(with: "ready")
        try restart()
    }

    /// Acts as a restart of dnsmasq: ends the running process, and starts a new process.
    func restart() throws {
        dnsmasq?.signal(SIGKILL)
        try dnsmasq?.end()
        let script = "echo ready; read -r _ <\(daemon.scratch / "never"); :"
        let words = ["setpriv", "--reuid=65534", "--clear-groups", daemon.scratch / "bin/dnsmasq", "-c", script]
        dnsmasq = try daemon.spawn(inside + words + ["dnsmasq", "-C", "/var/etc/dnsmasq.conf.\(name)"])
        try dnsmasq?.line(with: "ready")
    }

    /// The words in front of a command that must see this router.
    var inside: [String] { ["nsenter", "-t", "\(namespace.process)", "-m"] }

    /// Writes the lease file with the leases of these hosts.
    func lease(_ hosts: String...) {
        let end = Int(Double(contents("/proc/uptime")!.split(separator: " ")[0])!) + 2_000_000_000
        let lines = hosts.map { "\(end) \(mac($0)) \(address($0)) \($0) *\n" }
        daemon.scratch.write("dhcp.leases", lines.joined())
    }

    private func number(_ host: String) -> UInt8 { host.utf8.first! - UInt8(ascii: "a") + 1 }
    private func mac(_ host: String) -> String { "aa:bb:cc:dd:ee:0\(number(host))" }
    private func address(_ host: String) -> String { "10.0.0.\(number(host))" }

    func variables(_ action: String, _ host: String) -> [String: String?] {
        daemon.environment.merging([
            "ACTION": action, "MACADDR": mac(host), "IPADDR": address(host), "HOSTNAME": host,
            "DNSMASQ_INTERFACE": "lan", "DNSMASQ_LEASE_EXPIRES": nil,
        ]) { $1 }
    }

    func event(_ action: String, _ host: String, under tracer: [String] = []) throws -> Int32 {
        try run(inside + tracer + [Built.updater], environment: variables(action, host)).status
    }

    /// The published aliases, without comments.
    var published: String {
        let lines = (contents(fragment) ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }
        let files = ["m"].map { contents(daemon.scratch / "conf/cname-updater.hosts/\($0)") ?? "" }
        return (lines + files.flatMap { $0.split(separator: "\n") }).joined(separator: "\n")
    }
    var isPending: Bool { !pendingRequests(for: "dnsmasq", "alias", in: daemon.run).isEmpty }
    var state: String {
        (try? run(["sh", "-c", "cat \(daemon.scratch / "leases/reconcile")/state.* 2>/dev/null"]))?.output ?? ""
    }
    /// The files that only a killed reconcile leaves.
    var rests: [String] {
        let places = ["leases/reconcile/mark", "leases/reconcile/working", "conf/.cname-updater.conf"]
        return places.filter { exists(daemon.scratch / $0) }
    }
}
