import CLinux
import TestSupport
import Testing

/// dnsmasq replays all leases at each start, and each of 50 targets may change an alias.
/// `swift test --filter StormTests | grep storm` shows what a storm costs.
@Suite(.ownThread) struct StormTests {
    private static let leases = Extent.isAll ? 1000 : 200
    private static let aliases = 50
    private static let starts = 3

    /// The costs of three starts of dnsmasq in a row.
    private struct Costs {
        let reconciles: Int
        let events: Int
        let processes: Int
        /// Of all our processes, in seconds; nil if this machine does not count it.
        let cpu: Double?
    }

    /// - Parameter targets: The start of the targets' names; all leases are of `host-N`.
    private func storm(_ targets: String) throws -> Costs {
        let group = CPUGroup()
        let aliases = (1...Self.aliases).map { "config cname 'm\($0)'\n\tlist target '\(targets)-\($0)'\n" }
        let router = try Router(
            .new, leases: Self.leases, quiet: "1", maxInterval: "0", aliases: aliases.joined(),
            entry: group.entry)
        try eventually("all leases are told") { router.events.count >= Self.leases }
        let isServed = targets == "host"
        if isServed {
            try eventually("the last alias leads there") { try router.resolve("m\(Self.aliases).lan").count == 2 }
        }
        _ = try router.linesUntilQuiet(with: "dnsmasq: run")
        let runs = router.state("runs")
        try router.inside(group.join("debounced|cname-updater"))
        let (events, updaters, cpu) = (router.events.count, router.updaters.count, group.seconds)
        let counter = try LockCounter(router.scratch / "updater", "reconcile.lock")
        for _ in 0..<Self.starts { try router.restart() }
        try eventually("all leases are replayed") { router.eventsSinceRestart.count >= Self.leases }
        try router.waitForUpdaters()
        let reconciles = try counter.stop()
        let costs = Costs(
            reconciles: reconciles, events: router.events.count - events,
            processes: router.updaters.count - updaters,
            cpu: group.seconds.flatMap { end in cpu.map { end - $0 } })
        // Nothing has changed.
        #expect(try router.linesUntilQuiet(with: "dnsmasq: run") == [])
        #expect(router.state("runs") == runs)
        if isServed { #expect(try router.resolve("m1.lan").count == 2) }
        return costs
    }

    @Test func replaysOfTargetsCostLittle() throws {
        let (costs, others) = (try storm("host"), try storm("nobody"))
        // The events that were in dnsmasq's queue when it was ended are handled, too.
        let events = Double(costs.processes) / Double(costs.events)
        print(
            "storm of \(Self.leases) leases, \(Self.aliases) of them targets, \(Self.starts) starts:",
            "\(costs.reconciles) reconciles, \(costs.events) events, \(costs.processes) processes of ours;",
            "without targets \(others.reconciles) reconciles, \(others.events) events")
        if let own = costs.cpu, let other = others.cpu {
            let (each, rest) = (own / Double(costs.events) * 1e6, other / Double(others.events) * 1e6)
            print("storm: our CPU per event \(Int(each)) µs; without targets \(Int(rest)) µs: \(each / rest) ×")
        } else {
            print("storm: our CPU is not counted here, without the cgroup cpuacct")
        }
        #expect(costs.reconciles > 0, "the counter works: watch sees each start")
        #expect(costs.reconciles <= 20 * Self.starts)
        #expect((0.99...1.01).contains(events))
    }
}

/// Counts how often a lock was taken: its holder touches the file.
private final class LockCounter {
    private let isOver = Flag()
    private let count: () throws -> Int

    init(_ folder: String, _ name: String) throws {
        let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        // Between two takes the file is closed and opened: else the kernel would make one of two equal reports.
        guard inotify_add_watch(number, folder, UInt32(IN_ATTRIB | IN_OPEN | IN_CLOSE_WRITE)) != -1 else {
            throw Failure("can't watch \(folder)")
        }
        count = try inBackground { [isOver] in
            defer { close(number) }
            var count = 0
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let isEnd = isOver.isSet
                var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                poll(&wait, 1, 10)
                let length = read(number, &buffer, buffer.count)
                var place = 0
                while place < length {
                    let (mask, size) = (Self.word(buffer, place + 4), Self.word(buffer, place + 12))
                    guard mask & UInt32(IN_Q_OVERFLOW) == 0 else { throw Failure("too much to count") }
                    let text = buffer[(place + 16)..<(place + 16 + Int(size))].prefix { $0 != 0 }
                    if mask & UInt32(IN_ATTRIB) != 0, String(decoding: text, as: UTF8.self) == name { count += 1 }
                    place += 16 + Int(size)
                }
                if isEnd, length <= 0 { return count }
            }
        }
    }

    deinit { isOver.set() }

    private static func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
    }

    func stop() throws -> Int {
        isOver.set()
        return try count()
    }
}

/// A control group that counts the CPU time of its processes, where the kernel has cpuacct: cgroups(7).
private final class CPUGroup {
    private let folder = "/sys/fs/cgroup/cpuacct/dhcp-hook-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"

    init() { mkdir(folder, 0o755) }

    deinit { rmdir(folder) }

    /// Puts the shell that runs it into the group.
    var entry: String { "echo $$ 2>/dev/null >\(folder)/cgroup.procs" }

    /// Puts the processes of these names into the group.
    func join(_ names: String) -> [String] {
        ["sh", "-c", "for pid in $(pgrep -x '\(names)'); do echo $pid >\(folder)/cgroup.procs; done 2>/dev/null"]
    }

    var seconds: Double? { contents(folder + "/cpuacct.usage").flatMap { Double($0) }.map { $0 / 1e9 } }
}
