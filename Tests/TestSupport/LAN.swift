import CLinux

/// A router without clients, in namespaces of its own (network, processes, mounts), which ends with the test. It runs
/// one or more instances of dnsmasq under a stand-in for procd, `debounced` with its default job, and
/// `cname-updater watch`. `service dnsmasq restart` works. Tests make lease events by hand.
public final class LAN {
    public let scratch = Scratch()
    /// The script that runs the router. Its output has the lines of `debounced` and `watch`.
    public let program: Program
    private let instances: [String]
    /// The sections of the instances in /etc/config/dhcp.
    private let sections: String
    private let first: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - instances: The names of the instances. The first answers at 127.0.0.1, the next at 127.0.0.2.
    ///   - sections: More sections of the settings. The alias `maxwell` of `maxwell-arch` is always there.
    ///   - quiet: The job's quiet time in seconds.
    ///   - job: More options of the job.
    ///   - down: Instances that can't start, because an address can't be bound.
    public init(
        _ instances: [String] = ["lan"], sections: String = "", quiet: String = "0.3", job: String = "",
        down: [String] = []
    ) throws {
        self.instances = instances
        let scratch = self.scratch
        let folders = [
            "bin", "etc", "var/etc", "var/config", "var/arguments", "var/once", "var/started", "var/late",
            "var/lingers",
        ].map { scratch / $0 }
        try run(["mkdir", "-p"] + folders)
        let scripts = ["service", "ubus"].map { Router.scripts + "/" + $0 }
        try run(["ln", "-s", Built.updater, Built.debounced] + scripts + [scratch / "bin"])
        scratch.write(
            "config",
            """
            config job 'dnsmasq'
                option quiet '\(quiet)'
                option max_interval '0'\(job.isEmpty ? "" : "\n" + job)
            config cname 'maxwell'
                list target 'maxwell-arch'

            """ + sections)
        self.sections = instances.map { "\nconfig dnsmasq '\($0)'\n" }.joined()
        scratch.write("etc/dhcp", self.sections)
        // dnsmasq reads a folder of hosts files as another user.
        try run(["chmod", "711", scratch.path])
        // Like procd: sends HUP if the settings have changed.
        scratch.write(
            "functions",
            """
            record() {
                [ "$1 $2" = "procd_set_param file" ] || return 0
                new=$(md5sum \(scratch / "config"))
                [ "$new" = "$(cat /var/procd/debounced 2>/dev/null)" ] || kill -HUP "$(pidof debounced)"
                echo "$new" >/var/procd/debounced
            }

            """)
        environment = [
            "PATH": "\(scratch / "bin"):/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBOUNCED_RUN_DIR": scratch / "run", "CNAME_UPDATER_RUN_DIR": scratch / "updater",
            "DEBOUNCED_CONFIG": scratch / "config",
        ]
        for (index, name) in instances.enumerated() { LAN.write(name, index, in: scratch) }
        for name in down { scratch.write("var/arguments/" + name, LAN.unbindable) }
        // This machine may lack /etc/config, the folder of OpenWrt's settings.
        let script = """
            mount --bind \(scratch / "var") /var
            mount -t tmpfs none /etc/config 2>/dev/null || { mkdir -p /etc/config && mount -t tmpfs none /etc/config; }
            touch /etc/config/dhcp && mount --bind \(scratch / "etc/dhcp") /etc/config/dhcp
            ip link set lo up
            service dnsmasq restart
            md5sum \(scratch / "config") >/var/procd/debounced
            debounced &
            cname-updater watch &
            while :; do sleep 1000 & wait; done
            """
        program = try Program(
            ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script],
            environment: environment, in: scratch)
        try program.lines(withEach: ["running as process", "watching, as process"])
        first =
            contents("/proc/\(program.process)/task/\(program.process)/children")!
            .split(separator: " ").map(String.init)[0]
        try eventually("dnsmasq answers") { try answers("up.lan") }
    }

    private static func write(_ name: String, _ index: Int, in scratch: Scratch, _ more: String = "") {
        scratch.write(
            "var/config/\(name)",
            """
            no-resolv
            no-hosts
            bind-interfaces
            listen-address=127.0.0.\(index + 1)
            domain=lan
            local=/lan/
            host-record=up.lan,10.0.0.9
            host-record=maxwell-arch.lan,10.0.0.1
            host-record=maxwell-wifi.lan,10.0.0.2
            conf-dir=\(scratch / name + ".d")
            dhcp-range=10.0.0.1,10.0.0.99,12h
            dhcp-leasefile=\(scratch / name + ".leases")
            \(more)

            """)
    }

    /// Adds settings of dnsmasq, which an instance reads at its next start.
    public func configure(_ more: String, of name: String = "lan") {
        LAN.write(name, instances.firstIndex(of: name)!, in: scratch, more)
    }

    /// Starts a program on the router.
    public func start(_ words: [String]) throws -> Program {
        try Program(["nsenter", "-t", first, "-n", "-p", "-m"] + words, environment: environment)
    }

    /// Runs a program on the router, and waits for its end.
    @discardableResult
    public func inside(_ words: [String]) throws -> (status: Int32, output: String) {
        let program = try start(words)
        let status = try program.end()
        return (status, program.log.joined(separator: "\n"))
    }

    /// Makes a lease event of the target. Like dnsmasq, writes the lease files first.
    public func event(_ action: String = "add", isReplay: Bool = false) throws {
        setLeases(action == "remove" ? "" : LAN.lease)
        let words = [
            "MACADDR=02:77:00:00:00:00", "IPADDR=10.0.0.1", "HOSTNAME=maxwell-arch", "DNSMASQ_INTERFACE=lan",
        ]
        let more = isReplay ? ["DNSMASQ_DATA_MISSING=1"] : []
        try inside(["env", "ACTION=\(action)"] + words + more + ["cname-updater"])
        // An event that finds another reconcile at work leaves it a mark and ends.
        try eventually("the event is handled") {
            ["mark", "working"].allSatisfy { contents(scratch / "updater/reconcile/\($0)") == nil }
        }
    }

    /// The line of the target in dnsmasq's lease file.
    public static let lease = "4000000000 02:77:00:00:00:00 10.0.0.1 maxwell-arch *\n"

    /// Writes the lease files of all instances. The files keep their inodes.
    public func setLeases(_ text: String) {
        for name in instances { scratch.overwrite(name + ".leases", text) }
    }

    /// An argument that stops dnsmasq from starting: no interface has this address.
    private static let unbindable = "--listen-address=192.0.2.1"

    /// Stops an instance from starting, always or only `once`: it can't bind an address.
    public func breakInstance(_ name: String, once: Bool = false) {
        scratch.write("var/\(once ? "once" : "arguments")/\(name)", LAN.unbindable)
    }

    /// Restarts dnsmasq, or one instance, by hand, and waits for the new process.
    public func restart(_ name: String? = nil) throws {
        try inside(["service", "dnsmasq", "restart"] + (name.map { [$0] } ?? []))
        for name in name.map({ [$0] }) ?? instances {
            try eventually("\(name) is started") { contents(scratch / "var/procd/\(name).dnsmasq") != nil }
        }
    }

    /// The arguments of each call of `service dnsmasq`: `restart`, `restart lan`.
    public var calls: [String] {
        (contents(scratch / "var/procd/calls") ?? "").split(separator: "\n").map(String.init)
    }

    /// The pending requests.
    public var pending: [String] { pendingRequests(for: "dnsmasq", "alias", in: scratch / "run") }

    /// Runs `service debounced ACTION`.
    @discardableResult
    public func service(_ action: String) throws -> (status: Int32, output: String) {
        let script = Built.repository + "/init.d/debounced"
        return try inside(["env", "FUNCTIONS=\(scratch / "functions")", Router.scripts + "/rc.common", script, action])
    }

    /// Replaces the text before the instances in /etc/config/dhcp, from which OpenWrt renders dnsmasq's files.
    public func setDHCP(_ text: String) { scratch.write("etc/dhcp", text + sections) }

    /// The answer of an instance of dnsmasq for a name. An alias's answer begins with the target's name.
    public func resolve(_ name: String, at address: String = "127.0.0.1") throws -> [String] {
        try inNetwork(of: first) { try Resolver(address, tries: 60).records(of: name) ?? ["no answer"] }
    }

    public func addresses(_ name: String, isIPv6: Bool) throws -> [String]? {
        try inNetwork(of: first) { try Resolver("127.0.0.1", tries: 60).addresses(of: name, isIPv6: isIPv6) }
    }

    public func answers(_ name: String, at address: String = "127.0.0.1") throws -> Bool {
        try resolve(name, at: address).last?.hasPrefix("10.0.0.") == true
    }

    public func fragment(of name: String = "lan") -> String { contents(scratch / "\(name).d/cname-updater.conf") ?? "" }
    public func state(_ name: String) -> String? { contents(scratch / "run/jobs/dnsmasq/\(name)") }

    /// Queries a name all the time, until `isShort` ends this. Measures an ordinary restart first.
    public func watchDNS() throws -> Outage {
        let ordinary = try Outage(first)
        try restart()
        try eventually("dnsmasq answers") { try answers("up.lan") }
        let gap = try ordinary.stop()
        return try Outage(first, ordinary: gap)
    }

    public final class Outage {
        private let isOver = Flag()
        /// The gap in DNS during an ordinary restart, in seconds.
        private let ordinary: Double
        private let gap: () throws -> Double

        fileprivate init(_ router: String, ordinary: Double = 0) throws {
            self.ordinary = ordinary
            gap = try inBackground { [isOver] in
                try inNetwork(of: router) {
                    let resolver = try Resolver("127.0.0.1")
                    var (last, gap) = (now(), 0.0)
                    // The last query must have an answer.
                    while now() - last < patience {
                        let isEnd = isOver.isSet
                        let isAnswered = resolver.addresses(of: "up.lan").map { $0 != [] } ?? false
                        gap = max(gap, now() - last)
                        if isAnswered { last = now() }
                        if isEnd, isAnswered { break }
                        poll(nil, 0, 10)
                    }
                    return gap
                }
            }
        }

        deinit { isOver.set() }

        /// - Returns: The longest gap in DNS, in seconds.
        fileprivate func stop() throws -> Double {
            isOver.set()
            return try gap()
        }

        /// Ends the queries. Returns whether the gap in DNS was shorter than `pauses` plus 20 ordinary restarts.
        ///
        /// - Parameters:
        ///   - what: The name of the measurement, which is printed.
        ///   - pauses: The time in seconds that `verify` and the stand-in for procd may wait.
        public func isShort(_ what: String, pauses: Double = 5) throws -> Bool {
            let gap = try stop()
            print("DNS was gone for \((gap * 100).rounded() / 100) s: \(what)")
            return gap < pauses + 20 * ordinary
        }
    }
}
