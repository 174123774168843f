import Basics
import CLinux
import Linux

/// A router in namespaces of its own (network, processes, mounts), which ends with the test. It has a link to each
/// client. It runs dnsmasq with settings as OpenWrt writes them, OpenWrt's dispatcher, our hook, and `debounced`. The
/// job restarts this dnsmasq. If there are aliases, `cname-updater watch` runs too.
public final class Router {
    /// The way of a lease event from dnsmasq to the hook.
    public enum Dispatcher: String, CaseIterable, Sendable {
        /// `hotplug-call` as a child of dnsmasq.
        case old
        /// `ubus call hotplug.dhcp call`, and procd.
        case new
    }

    public static let scripts = Built.repository + "/Tests/openwrt"

    public let scratch = Scratch()
    /// The script that runs the router. Its output has the lines of `debounced` and `watch`.
    public let program: Program
    public let clients: [Client]
    private let dispatcher: Dispatcher
    private let first: String
    private let isWatched: Bool
    private var gate: Program?
    private let environment: [String: String]

    /// - Parameters:
    ///   - leases: The number of leases in dnsmasq's lease file at the start.
    ///   - areHidden: Whether the updater can't find the lease file, so that each lease is new to it.
    ///   - quiet: Seconds.
    ///   - maxWait: Seconds; nil means the default, six times `quiet`.
    ///   - maxInterval: Seconds.
    ///   - isVerified: Whether the job has `verify`, as the default job does; nil means if there are aliases.
    ///   - aliases: `cname` sections.
    ///   - publish: The updater's option `publish`.
    ///   - more: More settings of dnsmasq.
    ///   - known: More lines of dnsmasq's lease file.
    ///   - count: The number of clients. Each is in a network of its own, the first in 10.77.0.0/16.
    ///   - gated: Whether each updater waits for `openGate` at its start.
    ///   - entry: Shell commands before each updater, in the process that becomes the updater; nil means no shell.
    ///   - name: `HOSTNAME` in procd's own environment, as in a container.
    ///   - hook: The text of another hook, which runs after ours.
    public init(
        _ dispatcher: Dispatcher, leases: Int = 0, areHidden: Bool = false, quiet: String, maxWait: String? = nil,
        maxInterval: String = "600", isVerified: Bool? = nil, aliases: String = "",
        publish: String = "cname", more: String = "", clients count: Int = 1, known: String = "", gated: Bool = false,
        entry: String? = nil,
        name: String? = nil, hook: String = ""
    ) throws {
        let scratch = self.scratch
        self.dispatcher = dispatcher
        isWatched = !aliases.isEmpty
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
                option verify '\(isVerified ?? !aliases.isEmpty ? "cname-updater verify" : "true")'
                option quiet '\(quiet)'
                option max_interval '\(maxInterval)'
                \(maxWait.map { "option max_wait \($0)" } ?? "")

            config updater 'updater'
                option request '\(aliases.isEmpty ? "lease" : "alias")'
                option publish '\(publish)'

            """ + aliases + Daemon.lastJob(quiet: quiet))
        if let entry = gated ? "read -r _ <\(scratch / "gate")" : entry {
            scratch.write(
                "bin/cname-updater",
                "#!/bin/sh\necho $$ >>\(scratch / "updaters")\n\(entry)\nexec \(Built.updater) \"$@\"\n", mode: 0o755)
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
            "var/etc/.dnsmasq.conf",
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
        // With the new dispatcher the hook has procd's environment, so the functions export the places of the files.
        let places = ["DEBOUNCED_RUN_DIR": "run", "CNAME_UPDATER_RUN_DIR": "updater", "DEBOUNCED_CONFIG": "config"]
        scratch.write("functions", places.map { "export \($0)=\(scratch / $1)\n" }.joined())

        // This machine may lack /etc/config, the folder of OpenWrt's settings.
        scratch.write("dhcp", "config dnsmasq\n")
        let script = """
            mount --bind \(scratch / "var") /var
            mount -t tmpfs none /etc/config 2>/dev/null || { mkdir -p /etc/config && mount -t tmpfs none /etc/config; }
            cp \(scratch / "dhcp") /etc/config/dhcp
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
            # As at a boot.
            [ \(publish) = cname ] || \(Built.updater) prepare \(scratch / "dnsmasq.d")
            debounced &
            while ! [ -p "$DEBOUNCED_RUN_DIR/fifo" ]; do sleep 0.01; done # made last
            \(aliases.isEmpty ? "" : Router.watch)
            \(dispatcher == .new ? "while ! [ -p $UBUS ]; do sleep 0.01; done" : "")
            mv /var/etc/.dnsmasq.conf /var/etc/dnsmasq.conf.cfg01411c
            \(Router.scripts)/restart-dnsmasq
            echo "the router is up"
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
        try program.line(with: "the router is up")
        let first =
            contents("/proc/\(program.process)/task/\(program.process)/children")!
            .split(separator: " ").map(String.init)[0]
        self.first = first
        clients = holders.enumerated().map { link, holder in
            Client("02:77:00:00:00:0\(link)", network: "/proc/\(first)/root/proc/\(holder)/ns/net")
        }
    }

    /// Starts `watch` again after a test has ended it.
    public func startWatch() throws { try inside(["sh", "-c", Router.watch]) }

    /// Starts `watch`, and waits for its FIFO.
    private static let watch = """
        \(Built.updater) watch &
        while ! [ -p "$CNAME_UPDATER_RUN_DIR/notify" ]; do sleep 0.01; done
        """

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
    /// - Returns: The output of the program.
    @discardableResult
    public func inside(_ words: [String]) throws -> String {
        let program = try start(words)
        try program.end()
        return program.log.joined(separator: "\n")
    }

    /// Waits until all events so far are handled.
    public func waitForUpdaters() throws {
        try waitForHooks()
        if !isWatched { return }
        // `watch` reconciles 1 s after an event.
        let lock = scratch / "updater/reconcile.lock"
        func taken() throws -> String { try run(["stat", "-c", "%y", lock]).output }
        let before = try taken()
        try eventually("watch has looked") {
            try inside(["sh", "-c", "echo >\(scratch / "updater/notify")"])
            return try taken() != before && FileLock.holder(of: ByteString(lock)) == nil
        }
    }

    private func waitForHooks() throws {
        let hooks = "dhcp-script|hotplug-call|hotplug[.]d|cname-updater$|ash [^ ]*/procd-hotplug$"
        try eventually("all updaters have ended") {
            // With the new dispatcher the stand-in for procd stays.
            try inside(["pgrep", "-f", hooks]).split(separator: "\n").count == (dispatcher == .new ? 1 : 0)
        }
    }

    /// Returns the lines of `debounced` with `text` that come before all events so far are handled and the quiet time
    /// of each of their requests is over. This is how a test shows that something does not happen.
    public func linesUntilQuiet(with text: String) throws -> [String] {
        try waitForUpdaters()
        var lines: [String] = []
        let end = now() + patience
        while true {
            // The last line of a run that is due, or goes on, may come after `end: done`.
            let isOver = !["waiting", "running"].contains(state("state"))
            try inside([Built.updater, "request", "end"])
            lines += try program.lines(with: text, before: "end: done")
            if isOver { return lines }
            guard now() < end else { throw Failure("no quiet within \(patience) s") }
        }
    }

    /// The answer of dnsmasq for a name. An alias's answer begins with the target's name.
    public func resolve(_ name: String) throws -> [String] {
        try onRouter { try Resolver("10.77.0.1", tries: 60).records(of: name) ?? ["no answer"] }
    }

    /// Restarts dnsmasq without `debounced`. While dnsmasq is stopped, the sed script `edit` changes the lease file.
    public func restart(_ edit: String = "") throws {
        let file = scratch / "leases"
        try inside([
            "\(Router.scripts)/restart-dnsmasq", "sh", "-c", "sed \"$1\" $0 >$0.new && cat $0.new >$0", file, edit,
        ])
    }

    /// Restarts dnsmasq with a lease that ends in `seconds`. A lease that dnsmasq gives is at least two minutes long.
    public func letExpire(_ address: String, in seconds: Int) throws {
        try restart("/ \(address) /s/^[0-9]*/\(Int(time(nil)) + seconds)/")
    }

    /// The number of lines from the FIFO that were no request.
    public var rejected: String? { contents(scratch / "run/rejected") }

    /// Restarts dnsmasq with new host names in the lease file: replaces `start`, the beginning of a name, by `new`.
    public func rename(_ start: String, _ new: String) throws { try restart("s/ \(start)/ \(new)/") }

    /// Makes a lease event by hand. Like dnsmasq, writes the lease file first. The file keeps its inode.
    ///
    /// - Parameters:
    ///   - action: `add`, `update` or `remove`.
    ///   - lease: The line of dnsmasq's lease file, with an end that is not 0.
    /// - Returns: The moment at which procd would start the hook. procd waits 50 ms before each hook.
    @discardableResult
    public func event(_ action: String, _ lease: String) throws -> Double {
        let words = lease.split(separator: " ").map(String.init)
        let others = (contents(scratch / "leases") ?? "").split(separator: "\n").filter {
            !$0.contains(" \(words[2]) ")
        }
        let lines = others.map(String.init) + (action == "remove" ? [] : [lease])
        scratch.overwrite("leases", lines.map { $0 + "\n" }.joined())
        poll(nil, 0, 60)
        let start = now()
        try inside([
            "env", "ACTION=\(action)", "MACADDR=\(words[1])", "IPADDR=\(words[2])", "HOSTNAME=\(words[3])",
            "DNSMASQ_INTERFACE=lan0", "DNSMASQ_LEASE_EXPIRES=\(words[0])", "DNSMASQ_TIME_REMAINING=43200",
            Built.updater,
        ])
        return start
    }

    public func state(_ name: String) -> String? { contents(scratch / "run/jobs/dnsmasq/\(name)") }

    /// The lease events so far for which the dispatcher ran the hooks.
    public var events: [Substring] { lives.flatMap { $0 } }

    /// The lease events since dnsmasq's last start.
    public var eventsSinceRestart: ArraySlice<Substring> { lives.last ?? [] }

    /// The lease events in the life of each dnsmasq process.
    public var lives: [ArraySlice<Substring>] {
        (contents(scratch / "events") ?? "").split(separator: "\n")
            .split(separator: "restart", omittingEmptySubsequences: false)
    }

    /// The process numbers, on the router, of all updaters so far.
    public var updaters: [String] { (contents(scratch / "updaters") ?? "").split(separator: "\n").map(String.init) }

    /// Opens the gate for all updaters, now and later.
    public func openGate() throws {
        gate = try start(["sh", "-c", "exec yes '' 1<>\(scratch / "gate")"])
    }
}
