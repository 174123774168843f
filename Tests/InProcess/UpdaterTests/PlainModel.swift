import Basics
import Linux
import TestSupport

/// An alias of the random tests.
struct PlainAlias {
    let name: String
    let targets: [(host: String, system: String)]

    var section: String {
        "config cname \(name)\n" + targets.map { " list target '\($0.host) \($0.system)'\n" }.joined()
    }
}

/// Computes the target of each alias without the code under test. The inputs are the lease files, the hosts files, the
/// answers, the recorded `since` and `seen`, and the alias's earlier target.
struct PlainModel {
    /// A lease as an instance must count it. Moments are in seconds.
    struct Held {
        var client: String
        var mac: String
        var address: String
        var name: String
        var since: Double?
        var seen: Double?
        var end: Double
    }

    let world: EventWorld
    let aliases: [PlainAlias]
    /// The file `since` before the reconcile.
    let current: String
    private var now: Double { Double(world.seconds) }

    func isWanted(_ name: String) -> Bool {
        aliases.contains { $0.name == name || $0.targets.contains { $0.host == name } }
    }

    // MARK: The files

    private func records() -> [Held] {
        let folder = world.scratch / "leases/leases"
        return ((try? Files.names(in: ByteString(folder))) ?? []).flatMap { client -> [Held] in
            let text = contents("\(folder)/\(client)") ?? ""
            return text.split(separator: "\n\n", omittingEmptySubsequences: true).map { lease in
                var values: [String: String] = [:]
                for line in lease.split(separator: "\n") {
                    let words = line.split(separator: " ")
                    values[String(words[0])] = String(words[1])
                }
                let mac = values["hardware"] ?? ("\(client)".hasPrefix("id-") ? "" : "\(client)")
                return Held(
                    client: "\(client)", mac: mac, address: values["address"]!, name: values["hostname"] ?? "",
                    since: values["since"].flatMap { Double($0) }, seen: values["seen"].flatMap { Double($0) },
                    end: values["expires"].flatMap { Double($0) } ?? .infinity)
            }
        }
    }

    /// Returns nil if the file is missing.
    private func lines(_ one: VirtualDnsmasq) -> [Held]? {
        contents(world.scratch / one.leaseFile)?.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map { String($0) }
            let end = words[0] == "0" ? .infinity : Double(words[0])! - Double(VirtualLease.epoch)
            let client = words[4] == "*" ? words[1] : "id-" + words[4]
            return Held(
                client: client, mac: words[1], address: words[2], name: words[3] == "*" ? "" : words[3], end: end)
        }
    }

    /// Returns whether a line belongs to the lease.
    private func isSame(_ line: Held, _ lease: Held) -> Bool {
        line.address == lease.address && [line.client, line.mac].contains { $0 == lease.client || $0 == lease.mac }
    }

    func leases(of one: VirtualDnsmasq) -> [Held] {
        let lines = lines(one)
        var listed = (lines ?? []).filter { isWanted($0.name) }
        for index in listed.indices { listed[index].end = max(now, listed[index].end) }
        let records = records()
        let isShared = world.instances.contains { $0 !== one && $0.leaseFile == one.leaseFile }
        listed = listed.map { line in
            let known = records.filter {
                [line.client, line.mac].contains($0.client) && $0.address == line.address
            }
            var held = line
            let told = known.last { $0.name == line.name }
            held.since = told?.since
            held.seen = (told ?? known.first)?.seen
            return held
        }
        if lines != nil, !isShared { return listed }
        // Events and expiry decide; but a lease that was renewed without an event runs on.
        let all = world.instances.compactMap { self.lines($0) }.flatMap { $0 }
        let running = records.compactMap { lease -> Held? in
            var lease = lease
            if lease.end <= now {
                guard let line = all.first(where: { isSame($0, lease) && $0.end > now }) else { return nil }
                lease.end = line.end
            }
            return lease
        }
        let others = running.filter { lease in
            isWanted(lease.name) && !listed.contains { $0.address == lease.address }
        }
        let network = one.options.contains("10.0.1.1") ? "10.0.1." : "10.0.0."
        return (listed + others).filter { world.instances.count < 2 || $0.address.hasPrefix(network) }
    }

    private func hosts() -> [String] {
        (contents(world.scratch / "hosts") ?? "").split(separator: "\n").flatMap {
            $0.split(separator: " ").dropFirst().map { String($0) }
        }
    }

    /// Returns the words behind a name at the start of a line.
    private func words(of name: String, in text: String) -> [String] {
        text.split(separator: "\n").map { $0.split(separator: " ").map { String($0) } }.first { $0[0] == name } ?? []
    }

    private func verdict(_ host: String, _ seen: Double?) -> String {
        let words = words(of: host, in: contents(world.scratch / "leases/presence") ?? "")
        guard words.count == 5 else { return "unknown" }
        let isLater = seen != nil && Double(words[4]) != nil && seen! > Double(words[4])!
        return isLater && (words[1] != "reachable" || Int(words[3])! >= 2) ? "unknown" : words[1]
    }

    // MARK: The choice

    private struct Candidate {
        let host: String
        let system: String
        var leases: [Held]
        let verdict: String
        var since: Double { leases.compactMap { $0.since }.max() ?? -1 }
        var seen: Double { leases.compactMap { $0.seen }.max() ?? -1 }
    }

    /// - Parameter place: The index of the conf-dir among all conf-dirs.
    func target(of alias: PlainAlias, _ leases: [Held], at place: Int) -> String? {
        let names = hosts()
        var up = alias.targets.map { host, system in
            let own = leases.filter { $0.name == host }
            return Candidate(
                host: host, system: system, leases: own, verdict: verdict(host, own.compactMap { $0.seen }.max()))
        }.filter { one in !one.leases.isEmpty || names.contains(one.host) || names.contains(one.host + ".lan") }
        if up.count > 1 {
            let rest = up.filter { $0.verdict != "unreachable" }
            if rest.count == 1 { return rest[0].host }
            if !rest.isEmpty { up = rest }
        }
        if up.contains(where: { !$0.leases.isEmpty }) { up.removeAll { $0.leases.isEmpty } }
        let all = up.flatMap { $0.leases }
        for index in up.indices {
            // The interface has had another name since.
            up[index].leases.removeAll { lease in
                all.contains { $0.name != lease.name && $0.mac == lease.mac && $0.seen ?? -1 > lease.seen ?? -1 }
            }
        }
        if up.contains(where: { !$0.leases.isEmpty }) { up.removeAll { $0.leases.isEmpty } }
        guard let first = up.first else { return nil }
        if Set(up.map { $0.system }).count == 1 { return first.host }
        if up.allSatisfy({ $0.verdict == "reachable" }) { return first.host }
        let targets = Array(words(of: alias.name, in: current).dropFirst(2))
        let led = targets.count > 1 ? [targets[place]] : targets
        let newest = up.map { $0.since }.max()!
        let latest = up.map { $0.seen }.max()!
        var best = first
        if newest >= 0 {
            best = up.first { $0.since == newest }!
        } else if let one = up.first(where: { led.contains($0.host) }) {
            best = one
        } else if latest >= 0 {
            best = up.first { $0.seen == latest }!
        } else {
            for one in up where (best.leases.map { $0.end }.max() ?? .infinity) < (one.leases.map { $0.end }.min() ?? 0)
            {
                best = one
            }
        }
        return up.first { $0.system == best.system }!.host
    }

    /// The fragment in a conf-dir.
    func fragment(in confdir: String) -> String {
        // The updater takes the instances in the order of their files.
        let confdirs = world.instances.sorted { $0.name < $1.name }.map { $0.confdir }
        let place = confdirs.reduce([]) { $0.contains($1) ? $0 : $0 + [$1] }.firstIndex(of: confdir)!
        let readers = world.instances.filter { $0.confdir == confdir }
        let leases = readers.flatMap { self.leases(of: $0) }
        return aliases.compactMap { alias in
            self.target(of: alias, leases, at: place).map { "cname=\(alias.name),\(alias.name).lan,\($0).lan" }
        }.sorted().joined(separator: "\n")
    }
}
