import CLinux
import TestSupport

/// A router in namespaces of its own (network, processes, mounts), gone with the test: dnsmasq, OpenWrt's dispatcher, our
/// hook, `debounced`, whose job really stops and starts that dnsmasq, and a link to a client.
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
    /// The process, in the router's namespace, that holds the client's network namespace.
    let client: String
    private let first: String

    /// - Parameters:
    ///   - leases: How many stand in dnsmasq's lease file.
    ///   - quiet: Seconds.
    ///   - maxInterval: Seconds.
    ///   - gated: Each updater is held up until `openGate`.
    ///   - hook: A file beside ours in the folder of hooks.
    init(
        _ dispatcher: Dispatcher, leases: Int, quiet: String, maxInterval: String = "600", gated: Bool = false,
        hook: String = ""
    ) throws {
        let scratch = self.scratch
        try run(["mkdir", scratch / "bin", scratch / "hotplug.d"])
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
            """)
        if gated {
            scratch.write(
                "bin/cname-updater",
                "#!/bin/sh\necho $$ >>\(scratch / "updaters")\nread -r _ <\(scratch / "gate")\nexec \(Built.updater)\n",
                mode: 0o755)
        } else {
            try run(["ln", "-s", Built.updater, scratch / "bin"])
        }
        scratch.write("leases", try run([Router.scripts + "/leases", "\(leases)"]).output + (leases > 0 ? "\n" : ""))
        scratch.write(
            "dnsmasq.conf",
            """
            port=0
            no-resolv
            no-hosts
            no-ping
            user=root
            interface=lan0
            bind-interfaces
            dhcp-authoritative
            dhcp-range=10.77.0.2,10.77.255.254,255.255.0.0,12h
            domain=lan
            dhcp-leasefile=\(scratch / "leases")
            dhcp-script=\(Router.scripts)/dhcp-script-\(dispatcher.rawValue)
            log-facility=\(scratch / "dnsmasq.log")

            """)
        // On the new path the hook has procd's environment, so what moves the files comes with the functions.
        let places = ["DEBOUNCED_RUN_DIR": "run", "CNAME_UPDATER_RUN_DIR": "updater", "DEBOUNCED_CONFIG": "config"]
        scratch.write("functions", places.map { "export \($0)=\(scratch / $1)\n" }.joined())

        let script = """
            ip link set lo up
            unshare -n sleep 1000 &
            client=$!
            while [ "$(readlink /proc/$client/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
            ip link add lan0 type veth peer name lan1 netns $client
            ip addr add 10.77.0.1/16 dev lan0
            ip link set lan0 up
            nsenter -t $client -n ip link set lan1 up
            echo "client $client"
            \(dispatcher == .new ? "\(Router.scripts)/procd-hotplug &" : "")
            debounced &
            while ! debounced status >/dev/null 2>&1; do sleep 0.01; done
            \(dispatcher == .new ? "while ! [ -p $UBUS ]; do sleep 0.01; done" : "")
            \(Router.scripts)/restart-dnsmasq
            while :; do sleep 1000 & wait; done
            """
        program = try Program(
            ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script],
            environment: [
                "PATH": "\(scratch / "bin"):\(Built.folder):/usr/sbin:/usr/bin:/sbin:/bin",
                "HOTPLUG_DIR": scratch / "hotplug.d", "FUNCTIONS": scratch / "functions", "UBUS": scratch / "ubus",
                "DNSMASQ_CONF": scratch / "dnsmasq.conf", "DNSMASQ_PIDFILE": scratch / "dnsmasq.pid",
                "DEBOUNCED_RUN_DIR": scratch / "run", "CNAME_UPDATER_RUN_DIR": scratch / "updater",
                "DEBOUNCED_CONFIG": scratch / "config",
            ])
        client = String(try program.line(with: "client ").split(separator: " ")[1])
        first =
            contents("/proc/\(program.process)/task/\(program.process)/children")!
            .split(separator: " ").map(String.init)[0]
    }

    /// The words of a call inside the router.
    func inside(_ words: [String]) -> [String] {
        ["nsenter", "-t", first, "-n", "-p", "-m"] + words
    }

    func state(_ name: String) -> String? { contents(scratch / "run/jobs/dnsmasq/\(name)") }

    /// The lease events so far, as dnsmasq's dispatcher ran the hooks for them.
    var events: [Substring] { (contents(scratch / "events") ?? "").split(separator: "\n") }

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
