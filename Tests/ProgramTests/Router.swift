import CLinux
import TestSupport

/// A router in namespaces of its own (network, processes, mounts), gone with the test: dnsmasq with what OpenWrt would
/// render for it, OpenWrt's dispatcher, our hook, `debounced`, whose job really stops and starts that dnsmasq, and a link
/// to each client.
final class Router {
    /// How a lease event gets from dnsmasq to the hook.
    enum Dispatcher: String, CaseIterable {
        /// `hotplug-call` as a child of dnsmasq.
        case old
        /// `ubus call hotplug.dhcp call`, and procd.
        case new
    }

    static let scripts = Built.repository + "/Tests/openwrt"

    let scratch = Scratch()
    /// Process 1 of the namespace, whose streams those of `debounced` are.
    let program: Program
    let clients: [Client]
    private let first: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - leases: How many stand in dnsmasq's lease file.
    ///   - quiet: Seconds.
    ///   - maxInterval: Seconds.
    ///   - aliases: `cname` sections.
    ///   - clients: How many; each is on a network of its own, 10.77.0.0/16 the first.
    ///   - gated: Each updater is held up until `openGate`.
    ///   - hook: A file beside ours in the folder of hooks.
    init(
        _ dispatcher: Dispatcher, leases: Int = 0, quiet: String, maxInterval: String = "600", aliases: String = "",
        clients count: Int = 1, gated: Bool = false, hook: String = ""
    ) throws {
        let scratch = self.scratch
        try run(["mkdir", "-p", scratch / "bin", scratch / "hotplug.d", scratch / "var/etc", scratch / "dnsmasq.d"])
        try run(["mkfifo", scratch / "gate"])
        try run(["cp", Built.repository + "/hotplug/dhcp-hook", scratch / "hotplug.d/50-cname-updater"])
        scratch.write("hotplug.d/10-count", "echo \"$ACTION $IPADDR\" >>\(scratch / "events")\n")
        scratch.write("hotplug.d/90-other", hook)
        scratch.write(
            "config",
            """
            config job 'dnsmasq'
                option command '\(Router.scripts)/restart-dnsmasq'
                option quiet '\(quiet)'
                option max_interval '\(maxInterval)'

            """ + aliases)
        if gated {
            scratch.write(
                "bin/cname-updater",
                "#!/bin/sh\necho $$ >>\(scratch / "updaters")\nread -r _ <\(scratch / "gate")\nexec \(Built.updater)\n",
                mode: 0o755)
        } else {
            try run(["ln", "-s", Built.updater, scratch / "bin"])
        }
        scratch.write("leases", try run([Router.scripts + "/leases", "\(leases)"]).output + (leases > 0 ? "\n" : ""))
        let links = (0..<count).map { link in
            "interface=lan\(link)\ndhcp-range=10.\(77 + link).0.2,10.\(77 + link).255.254,255.255.0.0,12h\n"
        }
        scratch.write(
            "var/etc/dnsmasq.conf.cfg01411c",
            """
            no-resolv
            no-hosts
            no-ping
            user=root
            bind-interfaces
            dhcp-authoritative
            domain=lan
            local=/lan/
            conf-dir=\(scratch / "dnsmasq.d")
            dhcp-leasefile=\(scratch / "leases")
            dhcp-script=\(Router.scripts)/dhcp-script-\(dispatcher.rawValue)
            log-facility=\(scratch / "dnsmasq.log")

            """ + links.joined())
        // On the new path the hook has procd's environment, so what moves the files comes with the functions.
        let places = ["DEBOUNCED_RUN_DIR": "run", "CNAME_UPDATER_RUN_DIR": "updater", "DEBOUNCED_CONFIG": "config"]
        scratch.write("functions", places.map { "export \($0)=\(scratch / $1)\n" }.joined())

        let script = """
            mount --bind \(scratch / "var") /var
            ip link set lo up
            for link in $(seq 0 \(count - 1)); do
                unshare -n sleep 1000 &
                client=$!
                while [ "$(readlink /proc/$client/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
                ip link add lan$link type veth peer name eth0 address 02:77:00:00:00:0$link netns $client
                ip addr add 10.$((77 + link)).0.1/16 dev lan$link
                ip link set lan$link up
                nsenter -t $client -n ip link set eth0 up
                echo "client $client"
            done
            \(dispatcher == .new ? "\(Router.scripts)/procd-hotplug &" : "")
            debounced &
            while ! debounced status >/dev/null 2>&1; do sleep 0.01; done
            \(dispatcher == .new ? "while ! [ -p $UBUS ]; do sleep 0.01; done" : "")
            \(Router.scripts)/restart-dnsmasq
            while :; do sleep 1000 & wait; done
            """
        environment = [
            "PATH": "\(scratch / "bin"):\(Built.folder):/usr/sbin:/usr/bin:/sbin:/bin",
            "HOTPLUG_DIR": scratch / "hotplug.d", "FUNCTIONS": scratch / "functions", "UBUS": scratch / "ubus",
            "DNSMASQ_CONF": "/var/etc/dnsmasq.conf.cfg01411c", "DNSMASQ_PIDFILE": scratch / "dnsmasq.pid",
            "DNSMASQ_EVENTS": scratch / "events",
            "DEBOUNCED_RUN_DIR": scratch / "run", "CNAME_UPDATER_RUN_DIR": scratch / "updater",
            "DEBOUNCED_CONFIG": scratch / "config",
        ]
        program = try Program(
            ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script],
            environment: environment, in: scratch)
        var holders: [Substring] = []
        for _ in 0..<count { holders.append(try program.line(with: "client ").split(separator: " ")[1]) }
        let first =
            contents("/proc/\(program.process)/task/\(program.process)/children")!
            .split(separator: " ").map(String.init)[0]
        self.first = first
        clients = holders.enumerated().map { link, holder in
            Client("02:77:00:00:00:0\(link)", network: "/proc/\(first)/root/proc/\(holder)/ns/net")
        }
    }

    /// Starts something inside the router.
    func start(_ words: [String]) throws -> Program {
        try Program(["nsenter", "-t", first, "-n", "-p", "-m"] + words, environment: environment)
    }

    /// Runs something to its end inside the router.
    ///
    /// - Returns: What it wrote.
    @discardableResult
    func inside(_ words: [String]) throws -> String {
        let program = try start(words)
        try program.end()
        return program.log.joined(separator: "\n")
    }

    /// What dnsmasq answers for a name: of an alias, first the name that it leads to.
    func dig(_ name: String) throws -> [String] {
        try inside(["dig", "@10.77.0.1", "+short", "+tries=1", "+time=5", name])
            .split(separator: "\n").map(String.init)
    }

    /// Starts dnsmasq anew, behind the back of `debounced`, with a lease that ends in so many seconds: the shortest that
    /// it gives is two minutes.
    func letExpire(_ address: String, in seconds: Int) throws {
        try inside([
            "sh", "-c",
            """
            sed -i "/ \(address) /s/^[0-9]*/$(($(date +%s) + \(seconds)))/" \(scratch / "leases")
            \(Router.scripts)/restart-dnsmasq
            """,
        ])
    }

    func state(_ name: String) -> String? { contents(scratch / "run/jobs/dnsmasq/\(name)") }

    /// The lease events so far, as dnsmasq's dispatcher ran the hooks for them.
    var events: [Substring] { lives.flatMap { $0 } }

    /// Those of the dnsmasq that was started last.
    var eventsSinceRestart: ArraySlice<Substring> { lives.last ?? [] }

    /// The same, for each dnsmasq that was started.
    private var lives: [ArraySlice<Substring>] {
        (contents(scratch / "events") ?? "").split(separator: "\n")
            .split(separator: "restart", omittingEmptySubsequences: false)
    }

    /// The updaters that were started so far, as process numbers in the router's namespace.
    var updaters: [String] { (contents(scratch / "updaters") ?? "").split(separator: "\n").map(String.init) }

    /// Lets `count` updaters through.
    func openGate(_ count: Int) throws {
        let gate = linux_open(scratch / "gate", O_RDWR, 0)
        defer { close(gate) }
        let lines = Array(repeating: UInt8(10), count: count)
        guard write(gate, lines, count) == count else { throw Failure("the gate is stuck") }
        // Held open until all have read their line.
        var wait = [pollfd(fd: gate, events: Int16(POLLIN), revents: 0)]
        try eventually("all are through the gate") { poll(&wait, 1, 0) == 0 }
    }
}
