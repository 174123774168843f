import Basics
import TestSupport
import Testing

/// What the leases and the aliases should be, worked out plainly and without the code under test.
private struct Model {
    struct Held {
        var name: String
        var hardware: String
        var expires: Int?
        var since: Int?
        var seen: Int?
    }

    /// The key is the client and the address.
    var leases: [String: Held] = [:]
    var now = 1000

    mutating func take(_ event: Event) {
        let key = "\(event.client.name) \(event.address)"
        if event.action == "remove" {
            leases[key] = nil
            return
        }
        let old = leases[key]
        var new = old ?? Held(name: "", hardware: event.client.hardware)
        if !event.isHalfARename { new.name = event.name }
        if let lasts = event.lasts {
            let expires = now + lasts
            // A replay comes late and gives whole seconds, so a small difference means nothing.
            if event.isReplay, let known = old?.expires, abs(known - expires) < 5 {
                new.expires = known
            } else {
                new.expires = expires
            }
        } else {
            new.expires = nil
        }
        if !event.isReplay {
            let isRenamed = old.map { $0.name != new.name } ?? false || event.isHalfARename && old?.since == nil
            if event.action == "add" || isRenamed { new.since = now }
            new.seen = now
        }
        leases[key] = new
    }

    /// The keys of the leases that have expired.
    func expired() -> [String] { leases.filter { ($0.value.expires ?? .max) <= now }.keys.sorted() }

    /// Where each alias leads.
    private(set) var current: [String: String] = [:]

    mutating func settle(_ aliases: [Alias]) {
        let led = aliases.map { ($0.name, target(of: $0)) }
        current = Dictionary(uniqueKeysWithValues: led.compactMap { name, target in target.map { (name, $0) } })
    }

    func target(of alias: Alias) -> String? { targets(of: alias).first }

    /// The target to lead to; and after it those that would do as well if the alias led there already.
    func targets(of alias: Alias) -> [String] {
        var up: [(host: String, system: String, since: Int, seen: Int, end: Int)] = []
        let all = leases.values.filter { held in alias.targets.contains { $0.host == held.name } }
        for (host, system) in alias.targets {
            let there = all.filter { one in
                one.name == host
                    // It is gone if another name has been seen on its interface since.
                    && !all.contains {
                        $0.name != host && $0.hardware == one.hardware && ($0.seen ?? -1) > (one.seen ?? -1)
                    }
            }
            if let since = there.map({ $0.since ?? -1 }).max() {
                up.append(
                    (
                        host, system, since, there.map { $0.seen ?? -1 }.max()!,
                        there.map { $0.expires ?? .max }.max()!
                    ))
            }
        }
        guard let newest = up.map({ $0.since }).max() else { return [] }
        func first(of system: String) -> String { up.first { $0.system == system }!.host }
        var order = up.filter { $0.since == newest }
        if newest == -1, Set(up.map { $0.system }).count > 1 {
            // Nobody knows since when.
            let latest = order.map { $0.seen }.max()!
            let last = order.map { $0.end }.max()!
            let best = order.first { latest == -1 ? $0.end == last : $0.seen == latest }!
            order = order.filter { $0.host == current[alias.name] } + [best] + order
        } else {
            order = [order[0]]
        }
        return order.map { first(of: $0.system) }
    }

    func fragment(_ aliases: [Alias]) -> String {
        aliases.compactMap { alias in
            target(of: alias).map { "cname=\(alias.name),\(alias.name).lan,\($0).lan" }
        }.sorted().joined(separator: "\n")
    }
}

private struct Alias {
    let name: String
    let targets: [(host: String, system: String)]

    var section: String {
        "config cname \(name)\n" + targets.map { " list target '\($0.host) \($0.system)'\n" }.joined()
    }
}

private struct Machine {
    let name: String
    let mac: String
    var more: [String: String] = [:]
    var hardware: String { mac }
}

private struct Event {
    let action: String
    let client: Machine
    let address: String
    let name: String
    var isReplay = false
    var isHalfARename = false
    var lasts: Int?

    var variables: [String: String] {
        var more = client.more
        if isReplay { more["DNSMASQ_DATA_MISSING"] = "1" }
        if isHalfARename { more["DNSMASQ_OLD_HOSTNAME"] = "old" }
        if let lasts { more["DNSMASQ_TIME_REMAINING"] = "\(lasts)" }
        return TestSupport.variables(action, client.mac, address, name, more)
    }
}

@Suite struct RandomEventsTests {
    private static let maxwell = Alias(
        name: "maxwell",
        targets: [
            ("maxwell-arch", "arch"), ("maxwell-arch-wifi", "arch"), ("maxwell-bigsur", "bigsur"),
        ])
    private static let nas = Alias(name: "nas", targets: [("box-a", "box"), ("box-b", "box")])
    private static let both = Alias(name: "any", targets: [("box-b", "b"), ("maxwell-arch", "m")])
    private static let settings = [[maxwell, nas], [maxwell], [nas, both, maxwell], []]
    private static let names = [
        "maxwell-arch", "maxwell-arch-wifi", "maxwell-bigsur", "box-a", "box-b", "other", "tv", "",
    ]
    // The last three are operating systems of one machine.
    private static let clients =
        (1...3).map { Machine(name: "0\($0)", mac: "aa:bb:cc:dd:ee:0\($0)") }
        + (1...3).map {
            Machine(name: "id-\($0)", mac: "aa:bb:cc:dd:ee:0f", more: ["DNSMASQ_CLIENT_ID": "ff:00:00:0\($0)"])
        }

    private func event(_ random: inout SeededGenerator, of client: Machine) -> Event {
        let index = Self.clients.firstIndex { $0.name == client.name }!
        let address = "10.0.0.\(index * 2 + Int.random(in: 0...1, using: &random))"
        let name = Self.names.randomElement(using: &random)!
        let lasts = Bool.random(using: &random) ? Int.random(in: 1...400, using: &random) : nil
        switch Int.random(in: 0..<10, using: &random) {
        case 0...2: return Event(action: "add", client: client, address: address, name: name, lasts: lasts)
        case 3...5: return Event(action: "update", client: client, address: address, name: name, lasts: lasts)
        case 6:
            return Event(action: "update", client: client, address: address, name: name, isReplay: true, lasts: lasts)
        case 7:
            return Event(
                action: "update", client: client, address: address, name: "", isHalfARename: true, lasts: lasts)
        default: return Event(action: "remove", client: client, address: address, name: name)
        }
    }

    /// The events that dnsmasq sends for expired leases.
    private func expire(_ model: inout Model) -> [Event] {
        model.expired().map { key in
            let words = key.split(separator: " ").map { String($0) }
            let client = Self.clients.first { $0.name == words[0] }!
            let event = Event(action: "remove", client: client, address: words[1], name: model.leases[key]!.name)
            model.leases[key] = nil
            return event
        }
    }

    /// The events for all leases that dnsmasq sends when it starts.
    private func replay(_ model: Model) -> [Event] {
        model.leases.sorted { $0.key < $1.key }.map { key, held in
            let words = key.split(separator: " ").map { String($0) }
            return Event(
                action: "update", client: Self.clients.first { $0.name == words[0] }!, address: words[1],
                name: held.name, isReplay: true, lasts: held.expires.map { $0 - model.now })
        }
    }

    /// A restart is asked for if and only if dnsmasq has other aliases than it should have, as far as that can be
    /// known.
    @Test func asksIfAndOnlyIfTheAliasesChanged() throws {
        var random = SeededGenerator()
        var aliases = Self.settings[0]
        let world = try EventWorld(aliases.map { $0.section }.joined() + "config updater\n option request alias\n")
        var model = Model()
        var wanted = ""
        var changes = 0
        var interruptions = 0
        /// After a replay or a kill nobody knows what dnsmasq has, so one restart too many is allowed.
        var isInDoubt = false
        let steps = Extent.isAll ? 10_000 : 3_000
        for step in 0..<steps {
            model.now += Int.random(in: 0...20, using: &random)
            world.now = Instant(sinceStart: .seconds(model.now))
            switch Int.random(in: 0..<60, using: &random) {
            case 0:
                aliases = Self.settings.randomElement(using: &random)!
                try world.set(aliases.map { $0.section }.joined() + "config updater\n option request alias\n")
            // The first event makes the folder of the record.
            case 1 where step > 0:
                world.interrupt()
                interruptions += 1
                isInDoubt = true
            default: break
            }
            let event = event(&random, of: Self.clients.randomElement(using: &random)!)
            for event in expire(&model) + [event] {
                if event.isReplay { isInDoubt = isInDoubt || world.isPending() }
                model.take(event)
                try world.handle(event.variables)
                model.settle(aliases)
            }
            if model.fragment(aliases) != wanted {
                wanted = model.fragment(aliases)
                changes += 1
            }
            let fragment = world.fragment
            guard fragment == wanted else {
                Issue.record("step \(step), \(event): '\(fragment)', not '\(wanted)'")
                return
            }
            #expect(world.served == wanted || world.isPending(), "nobody asked, step \(step)")
            #expect(world.served != wanted || !world.isPending() || isInDoubt, "asked for nothing, step \(step)")
            #expect(!world.isPending("lease"), "step \(step)")
            if Int.random(in: 0..<20, using: &random) == 0 {
                try world.restart()
                isInDoubt = false
                for event in replay(model).shuffled(using: &random) { try world.handle(event.variables) }
                #expect(world.fragment == wanted && !world.isPending(), "the replay asked, step \(step)")
            }
            #expect(world.aliasRuns <= changes + interruptions, "step \(step)")
        }
        #expect(
            changes > steps / 10 && world.aliasRuns > steps / 100, "\(changes) changes, \(world.aliasRuns) restarts")
    }

    /// Events of different clients at one moment, and the two halves of a rename, have the same result in either order.
    @Test func theOrderOfConcurrentEventsIsAllTheSame() throws {
        var random = SeededGenerator()
        let sections = Self.settings[0].map { $0.section }.joined()
        let worlds = [try EventWorld(sections), try EventWorld(sections)]
        var model = Model()
        var texts: Set<String> = []
        var (same, open) = (0, 0)
        var steps = 0
        // How many steps it takes to see enough different fragments depends on the seed.
        while steps < (Extent.isAll ? 5_000 : 1_500) || texts.count <= 10 && steps < 50_000 {
            model.now += Int.random(in: 1...20, using: &random)
            var batch = expire(&model)
            let busy = Set(batch.map { $0.client.name })
            for client in Self.clients.filter({ !busy.contains($0.name) }).shuffled(using: &random).prefix(4) {
                var event = event(&random, of: client)
                if event.isHalfARename {
                    batch.append(event)
                    event.isHalfARename = false
                    event = Event(
                        action: "update", client: client, address: event.address, name: "box-a", lasts: event.lasts)
                }
                batch.append(event)
            }
            steps += batch.count
            for event in batch { model.take(event) }
            for world in worlds {
                world.now = Instant(sinceStart: .seconds(model.now))
                for event in batch { try world.handle(event.variables) }
                batch.shuffle(using: &random)
            }
            // Where nobody knows which lease is newer, an alias stays where the order of events has brought it.
            let fragments = worlds.map { $0.fragment.split(separator: "\n") }
            let differ = zip(fragments[0], fragments[1]).filter { $0 != $1 }
            let isOpen = differ.allSatisfy { one, other in
                Self.settings[0].contains { alias in
                    let open = model.targets(of: alias).map { "cname=\(alias.name),\(alias.name).lan,\($0).lan" }
                    return open.contains(String(one)) && open.contains(String(other))
                }
            }
            guard fragments[0].count == fragments[1].count, isOpen else {
                Issue.record("after \(steps) events: '\(worlds[0].fragment)', but '\(worlds[1].fragment)'")
                return
            }
            if differ.isEmpty { same += 1 } else { open += 1 }
            texts.insert(worlds[0].fragment)
        }
        #expect(texts.count > 10)
        #expect(same > open * 10, "\(same), \(open)")
    }
}
