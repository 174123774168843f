import Basics
import Configuration
import Dnsmasq
import Linux

/// Checks that dnsmasq runs after a restart. Its init script returns 0 even if dnsmasq does not start.
extension Context {
    /// `cname-updater verify`: waits until each instance is known to be up or down. Restarts an instance that is down
    /// without its aliases.
    /// - Throws: `unavailable` if no instance runs; `cannotCreate`; `busy`.
    public func verify() throws(Fault) {
        let began = Process.environment("DEBOUNCED_BEGAN")?.seconds ?? .zero
        let ran = try ranBefore()
        // After a restart that was cut off, no other program starts dnsmasq. For an instance that runs, a start changes
        // nothing.
        if Process.environment("DEBOUNCED_RESULT") == "cut",
            try router.processes().isEmpty || ran.contains(where: { Procd.mustRun($0) != true })
        {
            Log.error("the restart of dnsmasq was cut off, so it is started")
            service(["start"])
        }
        let judged = try judge(ran, began: Instant(sinceStart: began))
        try mend(judged.filter { $0.verdict == .down }.map { $0.name })
        let occasion = Occasion("the restart")
        occasion.untouched = judged.filter { $0.verdict == .untouched }.flatMap { $0.instance?.processes ?? [] }
        do throws(Fault) {
            try reconcile(occasion, waits: true)
        } catch  where error.code == .busy {
            // The mark stays, so another process reconciles. A further restart would not help.
            Log.error(error.message)
        }
        if try router.processes().isEmpty, !ran.isEmpty || reservations?.hasInstances ?? false {
            throw Fault(.unavailable, "dnsmasq does not run, with or without aliases; see logread -e dnsmasq")
        }
    }

    /// Returns the names of the instances that run, or ran when a fragment was last changed.
    func ranBefore() throws(Fault) -> [ByteString] {
        let seen = try Publication.states(self).flatMap { $0.seen }.filter { $0.content != SeenProcess.down }
        let enabled = seen.map { $0.name }.filter { reservations?.mayEnable($0) ?? true }
        return (enabled + (try instances([]).map { $0.name })).uniqued
    }

    func instances(_ names: [ByteString]) throws(Fault) -> [Instance] {
        try Instance.all(settings.updater, in: router.rendered, processes: router.processes()) { names.contains($0) }
    }

    private func judge(_ names: [ByteString], began: Instant) throws(Fault) -> [Judgement] {
        let start = router.now()
        let all = names.map { Judgement($0, began: began, start: start) }
        while true {
            let instances = try instances(names)
            for one in all where one.verdict == nil { one.record(instances, at: router.now()) }
            if !all.contains(where: { $0.verdict == nil }) { return all }
            Process.pause(.milliseconds(100))
        }
    }

    /// Restarts each instance that is down without its aliases, once: its aliases may clash with a change by another
    /// program. If the instance does not run then either, the aliases are put back.
    /// - Throws: `cannotCreate`; `busy`.
    func mend(_ down: [ByteString]) throws(Fault) {
        if down.isEmpty { return }
        let states = try Publication.states(self)
        let occasion = Occasion("dnsmasq is down")
        for instance in try instances(down) {
            let name = instance.name
            let isKnown = states.contains { $0.last(of: name)?.content == SeenProcess.down }
            if !down.contains(name) || isKnown || Procd.mustRun(name) == false { continue }
            if Fragment.directives(in: try Fragment(in: instance.confdir).text()).isEmpty {
                Log.error("\(name): dnsmasq does not run, and not because of its aliases; see logread -e dnsmasq")
                occasion.down.append(name)
            } else {
                occasion.leavesOut.append(name)
            }
        }
        if (occasion.down + occasion.leavesOut).isEmpty { return }
        try reconcile(occasion, waits: true)
        if occasion.leavesOut.isEmpty { return }
        let began = router.now()
        for name in occasion.leavesOut { service(["restart", name]) }
        let back = Occasion("dnsmasq is down")
        let judged = try judge(occasion.leavesOut, began: began)
        for one in judged {
            // Instances that share a conf-dir share the aliases.
            let isHelped = judged.contains { $0.instance?.confdir == one.instance?.confdir && $0.verdict != .down }
            if one.verdict == .down, isHelped {
                back.down.append(one.name)
            } else if one.verdict == .down {
                Log.error("\(one.name): dnsmasq does not run without its aliases either, so they are put back")
                back.putsBack.append(one.name)
            } else {
                Log.error(
                    "\(one.name): dnsmasq did not run with its aliases; they are left out until they change, the service "
                        + "is reloaded, or an hour has passed")
            }
        }
        if !(back.putsBack + back.down).isEmpty { try reconcile(back, waits: true) }
    }

    /// Calls OpenWrt's init script without ending it early: dnsmasq would stay stopped.
    private func service(_ words: [ByteString]) {
        _ = ChildProcess.run(["service", "dnsmasq"] + words, within: .seconds(3600))
    }
}

enum Procd {
    /// Returns whether procd was told to run the instance; nil if procd can't be asked.
    static func mustRun(_ name: ByteString) -> Bool? {
        let call: [ByteString] = ["ubus", "call", "service", "list", "{\"name\":\"dnsmasq\"}"]
        guard let told = ChildProcess.run(call, within: .seconds(5)), told.status == 0 else { return nil }
        return told.output.firstIndex(of: "/dnsmasq.conf.\(name)\"") != nil
    }
}
