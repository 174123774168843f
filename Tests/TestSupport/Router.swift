/// A router in namespaces of its own (network, processes, mounts), which ends with the test. It runs dnsmasq with the
/// settings that OpenWrt would write for it, OpenWrt's dispatcher, our hook, and `debounced`, whose job really restarts
/// that dnsmasq. It has a link to each client.
public final class Router {
    /// How a lease event gets from dnsmasq to the hook.
    public enum Dispatcher: String, CaseIterable, Sendable {
        /// `hotplug-call` as a child of dnsmasq.
        case old
        /// `ubus call hotplug.dhcp call`, and procd.
        case new
    }

    public static let scripts = Built.repository + "/Tests/openwrt"

    public let scratch = Scratch()
    /// The script that runs the router. What `debounced` writes is in its output.
    public let program: Program
    public let clients: [Client]
    private let dispatcher: Dispatcher
    private let first: String
    private var gate: Program?
    private let environment: [String: String]

    /// - Parameters:
    ///   - leases: How many leases are in dnsmasq's lease file at first.
    ///   - areHidden: Whether the updater can't find that file, so that each lease is new to it.
    ///   - quiet: Seconds.
    ///   - maxWait: Seconds; nil: six times as long as `quiet`.
    ///   - maxInterval: Seconds.
    ///   - isVerified: Whether each run goes on with `cname-updater verify`, as the default job does.
    ///   - aliases: `cname` sections.
    ///   - publish: How dnsmasq gets the aliases.
    ///   - more: More settings of dnsmasq.
    ///   - known: More leases, as they stand in dnsmasq's file.
    ///   - count: How many clients. Each is in a network of its own, the first in 10.77.0.0/16.
    ///   - gated: Whether each updater waits for `openGate` before it does anything.
    ///   - name: `HOSTNAME` in procd's own environment, as in a container.
    ///   - hook: The text of another hook, which is called after ours.
    public init(
        _ dispatcher: Dispatcher, leases: Int = 0, areHidden: Bool = false, quiet: String, maxWait: String? = nil,
        maxInterval: String = "600", isVerified: Bool = false, aliases: String = "",
        publish: String = "cname", more: String = "", clients count: Int = 1, known: String = "", gated: Bool = false,
        name: String? = nil, hook: String = ""
    ) throws {
        let scratch = self.scratch
        self.dispatcher = dispatcher
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
                option verify '\(isVerified ? "cname-updater verify" : "true")'
                option quiet '\(quiet)'
                option max_interval '\(maxInterval)'
                \(maxWait.map { "option max_wait \($0)" } ?? "")

            config updater 'updater'
                option request '\(aliases.isEmpty ? "lease" : "alias")'
                option publish '\(publish)'

            """ + aliases + Daemon.lastJob(quiet: quiet))
        if gated {
            scratch.write(
                "bin/cname-updater",
                "#!/bin/sh\necho $$ >>\(scratch / "updaters")\nread -r _ <\(scratch / "gate")\nexec \(Built.updater)\n",
                mode: 0o755)
        } else {
            try run(["ln", "-s", Built.updater, scratch / "bin"])
        }
        scratch.write(
            "leases", try run([Router.scripts + "/leases", "\(leases)"]).output + (leases > 0 ? "\n" : "") + known)
        scratch.write("hidden.conf", "dhcp-leasefile=\(scratch / "leases")\n")
        let links = (0..<count).map { link in
            "interface=lan\(link)\ndhcp-range=10.\(77 + link).0.2,10.\(77 + link).255.254,255.255.0.0,12h\n"
        }
        scratch.write(
            publish == "hosts" ? "var/etc/.dnsmasq.conf" : "var/etc/dnsmasq.conf.cfg01411c",
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
            \(areHidden ? "conf-file=\(scratch / "hidden.conf")" : "dhcp-leasefile=\(scratch / "leases")")
            dhcp-script=\(Router.scripts)/dhcp-script-\(dispatcher.rawValue)
            log-facility=\(scratch / "dnsmasq.log")

            """ + links.joined() + more)
        // With the new dispatcher the hook gets procd's environment, not ours. So the functions tell it where the files
        // are.
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
                ip addr add fd$((77 + link))::1/64 dev lan$link nodad
                ip link set lan$link up
                nsenter -t $client -n ip link set eth0 up
                echo "client $client"
            done
            \(dispatcher == .new ? "\(Router.scripts)/procd-hotplug &" : "")
            debounced &
            while ! [ -p "$DEBOUNCED_RUN_DIR/fifo" ]; do sleep 0.01; done # made last
            \(dispatcher == .new ? "while ! [ -p $UBUS ]; do sleep 0.01; done" : "")
            if [ -e /var/etc/.dnsmasq.conf ]; then # as at a boot
                \(Built.updater) prepare \(scratch / "dnsmasq.d")
                mv /var/etc/.dnsmasq.conf /var/etc/dnsmasq.conf.cfg01411c
            fi
            \(Router.scripts)/restart-dnsmasq
            while :; do sleep 1000 & wait; done
            """
        var environment = [
            "PATH": "\(scratch / "bin"):\(Built.folder):/usr/sbin:/usr/bin:/sbin:/bin",
            "HOTPLUG_DIR": scratch / "hotplug.d", "FUNCTIONS": scratch / "functions", "UBUS": scratch / "ubus",
            "DNSMASQ_CONF": "/var/etc/dnsmasq.conf.cfg01411c", "DNSMASQ_PIDFILE": scratch / "dnsmasq.pid",
            "DNSMASQ_EVENTS": scratch / "events",
            "DEBOUNCED_RUN_DIR": scratch / "run", "CNAME_UPDATER_RUN_DIR": scratch / "updater",
            "DEBOUNCED_CONFIG": scratch / "config",
        ]
        environment["HOSTNAME"] = name
        environment["ROUTER_NAME"] = name
        self.environment = environment
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

    /// Runs `body` in the router's network.
    public func onRouter<Result>(_ body: @escaping () throws -> Result) throws -> Result {
        try inNetwork(of: first, body)
    }

    /// Starts a program on the router.
    public func start(_ words: [String]) throws -> Program {
        try Program(["nsenter", "-t", first, "-n", "-p", "-m"] + words, environment: environment)
    }

    /// Runs a program on the router, and waits for its end.
    ///
    /// - Returns: What it wrote.
    @discardableResult
    public func inside(_ words: [String]) throws -> String {
        let program = try start(words)
        try program.end()
        return program.log.joined(separator: "\n")
    }

    /// Waits until all events so far have been handled.
    public func waitForUpdaters() throws {
        let hooks = "dhcp-script|hotplug-call|hotplug[.]d|cname-updater$|ash [^ ]*/procd-hotplug$"
        try eventually("all updaters have ended") {
            // The stand-in for procd, which takes the events, stays.
            try inside(["pgrep", "-f", hooks]).split(separator: "\n").count == (dispatcher == .new ? 1 : 0)
        }
    }

    /// The lines of `debounced` with `text` that come until all events so far have been handled, and whatever they
    /// asked for has had its quiet time. It is for tests of what must not happen.
    public func linesUntilQuiet(with text: String) throws -> [String] {
        try waitForUpdaters()
        var lines: [String] = []
        let end = now() + patience
        while true {
            // The last line of a run that is due, or goes on, may come after the end of `end`.
            let isOver = !["waiting", "running"].contains(state("state"))
            try inside([Built.updater, "request", "end"])
            lines += try program.lines(with: text, before: "end: done")
            if isOver { return lines }
            guard now() < end else { throw Failure("no quiet within \(patience) s") }
        }
    }

    /// What dnsmasq answers for a name. For an alias, the first is the name that it leads to.
    public func resolve(_ name: String) throws -> [String] {
        try onRouter { try Resolver("10.77.0.1", tries: 60).records(of: name) ?? ["no answer"] }
    }

    /// Restarts dnsmasq, without `debounced`, with a lease that ends in so many seconds. dnsmasq itself gives no lease
    /// of less than two minutes.
    public func letExpire(_ address: String, in seconds: Int) throws {
        try inside([
            "sh", "-c",
            """
            sed -i "/ \(address) /s/^[0-9]*/$(($(date +%s) + \(seconds)))/" \(scratch / "leases")
            \(Router.scripts)/restart-dnsmasq
            """,
        ])
    }

    /// How many lines from the FIFO were no request.
    public var rejected: String? { contents(scratch / "run/rejected") }

    /// Restarts dnsmasq, without `debounced`, with other host names for all leases that have one which begins so.
    public func rename(_ start: String, _ new: String) throws {
        try inside([
            "sh", "-c", "sed -i 's/ \(start)/ \(new)/' \(scratch / "leases"); \(Router.scripts)/restart-dnsmasq",
        ])
    }

    public func state(_ name: String) -> String? { contents(scratch / "run/jobs/dnsmasq/\(name)") }

    /// The lease events so far, as dnsmasq's dispatcher ran the hooks for them.
    public var events: [Substring] { lives.flatMap { $0 } }

    /// The lease events since dnsmasq's last start.
    public var eventsSinceRestart: ArraySlice<Substring> { lives.last ?? [] }

    /// The lease events, for each start of dnsmasq.
    public var lives: [ArraySlice<Substring>] {
        (contents(scratch / "events") ?? "").split(separator: "\n")
            .split(separator: "restart", omittingEmptySubsequences: false)
    }

    /// The process numbers, on the router, of all updaters that have been started.
    public var updaters: [String] { (contents(scratch / "updaters") ?? "").split(separator: "\n").map(String.init) }

    /// From now on, lets all updaters go on.
    public func openGate() throws {
        gate = try start(["sh", "-c", "exec yes '' 1<>\(scratch / "gate")"])
    }
}
