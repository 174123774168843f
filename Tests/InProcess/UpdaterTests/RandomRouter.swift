import Basics
import CLinux
import TestSupport

/// A router on which anything may happen, in random steps.
final class RandomRouter {
    struct Client {
        let number: Int
        let mac: String
        var identifier = "*"
    }

    struct Shape {
        var sharesConfdir = true
        var sharesLeaseFile = true
        var isAlone = false
    }

    static let aliases = [
        PlainAlias(
            name: "maxwell",
            targets: [("maxwell-arch", "arch"), ("maxwell-arch-wifi", "arch"), ("maxwell-bigsur", "bigsur")]),
        PlainAlias(name: "nas", targets: [("box-a", "box"), ("box-b", "box")]),
        PlainAlias(name: "any", targets: [("box-b", "b"), ("maxwell-arch", "m")]),
    ]
    private static let settings = [[0, 1], [0], [1, 2, 0], [], [2, 0]]
    static let names = [
        "maxwell-arch", "maxwell-arch-wifi", "maxwell-bigsur", "box-a", "box-b", "other", "tv", "",
    ]
    // The last three are operating systems of one machine.
    private static let clients =
        (1...3).map { Client(number: $0, mac: "aa:bb:cc:dd:ee:0\($0)") }
        + (4...6).map { Client(number: $0, mac: "aa:bb:cc:dd:ee:0f", identifier: "ff:00:00:0\($0)") }

    let world: EventWorld
    private(set) var aliases: [PlainAlias]
    /// Events that have not arrived yet.
    private var queue: [[String: String]] = []
    private var random: SeededGenerator
    private var doubling: SeededGenerator
    private let kills: Bool
    private let doubles: Bool
    private var killMoment: KillMoment?
    private(set) var killed = 0
    /// The steps since the last rest.
    private(set) var log = ""

    init(_ shape: Shape, _ number: UInt64, kills: Bool, doubles: Bool) throws {
        random = SeededGenerator(number)
        doubling = SeededGenerator(number + 1)
        (self.kills, self.doubles) = (kills, doubles)
        aliases = [Self.aliases[0], Self.aliases[1]]
        let sections = aliases.map { $0.section }.joined()
        let guest = VirtualDnsmasq(
            "guest", confdir: shape.sharesConfdir ? "conf" : "guest",
            leaseFile: shape.sharesLeaseFile ? "dhcp.leases" : "guest.leases", network: 1)
        world = shape.isAlone ? try EventWorld(sections, .main) : try EventWorld(sections, .main, guest)
        mkdir(world.scratch / "leases", 0o700)
        for one in world.instances { world.render(one, "addn-hosts=\(world.scratch / "hosts")") }
    }

    private func dice(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &random) }

    // MARK: dnsmasq

    private func change(_ one: VirtualDnsmasq) {
        let client = Self.clients.randomElement(using: &random)!
        let network = one.options.contains("10.0.1.1") ? 1 : 0
        let lease = VirtualLease(
            mac: client.mac, identifier: client.identifier, address: "10.0.\(network).\(client.number * 2 + dice(2))",
            name: Self.names.randomElement(using: &random)!, end: dice(2) == 0 ? nil : world.seconds + 1 + dice(400))
        let now = world.seconds
        func isOwn(_ other: VirtualLease) -> Bool { other.mac == lease.mac && other.identifier == lease.identifier }
        let old = one.leases.first { isOwn($0) }
        one.leases.removeAll { isOwn($0) }
        guard let old else {
            one.leases.append(lease)
            return queue.append(lease.variables("add", at: now))
        }
        if dice(3) == 0 { return queue.append(old.variables("remove", at: now)) }
        one.leases.append(lease)
        if old.address != lease.address {
            queue += [old.variables("remove", at: now), lease.variables("add", at: now)]
        } else if old.name != lease.name {
            var half = lease
            half.name = ""
            queue.append(half.variables("update", at: now, ["DNSMASQ_OLD_HOSTNAME": old.name]))
            queue.append(lease.variables("update", at: now))
        } else {
            queue.append(lease.variables("update", at: now))
        }
    }

    private func expire() {
        for one in world.instances {
            let over = one.leases.filter { $0.end ?? .max <= world.seconds }
            if over.isEmpty { continue }
            one.leases.removeAll { $0.end ?? .max <= world.seconds }
            world.write(one)
            queue += over.map { $0.variables("remove", at: world.seconds) }
        }
    }

    private func replay(_ one: VirtualDnsmasq) {
        queue += one.leases.map { $0.variables("update", at: world.seconds, ["DNSMASQ_DATA_MISSING": "1"]) }
    }

    /// Ends or starts the instance's process, or goes on with its start.
    private func move(_ one: VirtualDnsmasq) {
        guard let process = world.process(one) else { return world.start(one, reads: dice(2) == 0) }
        if !process.hasRead, dice(4) != 0 { return world.read(one, isSeen: dice(2) == 0) }
        world.stop(one)
        if dice(3) != 0 { world.start(one, reads: dice(3) != 0) }
        replay(one)
    }

    private func runOn() throws {
        guard world.isRunning else {
            try world.beginRun()
            return
        }
        switch dice(5) {
        case 0...2: for one in world.instances { move(one) }
        case 3 where kills: try world.ledger.returnRequests(of: "dnsmasq")
        default: try updater { try world.endRun() }
        }
    }

    // MARK: The updater

    private func updater(_ body: () throws -> Void) throws {
        guard let moment = killMoment else { return try body() }
        killMoment = nil
        if world.kill(at: moment, body) { killed += 1 }
    }

    private func deliver() throws {
        for _ in 0..<min(queue.count, 1 + dice(6)) {
            let event = queue.remove(at: dice(queue.count))
            if dice(12) == 0 { continue }
            log += "\(world.seconds) \(event.filter { $0.key != "DNSMASQ_INTERFACE" }.values.sorted())\n"
            try updater { try world.handle(event) }
            if Int.random(in: 0..<3, using: &doubling) == 0, doubles { try world.handle(event) }
        }
    }

    private func writePresence() {
        let lines = Self.names.prefix(5).sorted().filter { _ in dice(2) == 0 }.map { host in
            let verdict = ["unknown", "reachable", "unreachable"].randomElement(using: &random)!
            return "\(host) \(verdict) - \(dice(4)) \(max(0, world.seconds - dice(100))).000\n"
        }
        world.scratch.write("leases/presence", lines.joined())
    }

    private func writeHosts() {
        let lines = Self.names.prefix(6).filter { _ in dice(4) == 0 }.map { "10.0.9.\(1 + dice(3)) \($0).lan \($0)\n" }
        world.scratch.write("hosts", lines.joined())
    }

    func step() throws {
        if log.hasSuffix(" rest\n") { log = "" }
        world.now = world.now + .seconds(dice(21))
        expire()
        let one = world.instances.randomElement(using: &random)!
        let kind = dice(30)
        log += "\(world.seconds) step \(kind) \(one.name)\n"
        switch kind {
        case 0...8:
            change(one)
            if dice(10) != 0 { world.write(one) }
            if dice(2) == 0 { try deliver() }
        case 9...15: try deliver()
        case 16:
            aliases = Self.settings.randomElement(using: &random)!.map { Self.aliases[$0] }
            try world.set(aliases.map { $0.section }.joined())
        case 17...18: if kills { killMoment = KillMoment.allCases.randomElement(using: &random) }
        case 19:
            let text = one.leases.map { $0.line + "\n" }.joined()
            world.scratch.write(one.leaseFile, String(text.prefix(dice(text.count + 1))))
        case 20: unlink(world.scratch / one.leaseFile)
        case 21: replay(one)
        case 22...23: move(one)
        case 24...26: try runOn()
        case 27: writePresence()
        case 28: writeHosts()
        default: try updater { try world.watch() }
        }
    }

    /// Five quiet seconds: dnsmasq runs and has written its files, and `watch` looks.
    ///
    /// - Returns: The file `since` before `watch` looks.
    func rest() throws -> String {
        killMoment = nil
        if dice(2) == 0 { queue = [] }
        while !queue.isEmpty { try deliver() }
        for one in world.instances.shuffled(using: &random) {
            if world.process(one) == nil { world.start(one) }
            world.read(one)
            world.write(one)
        }
        if dice(8) == 0 { unlink(world.scratch / world.instances.randomElement(using: &random)!.leaseFile) }
        world.now = world.now + .seconds(5)
        let current = contents(world.scratch / "leases/since") ?? ""
        log += "\(world.seconds) rest\n"
        try world.watch()
        return current
    }
}
