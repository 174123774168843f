import Basics
import Configuration
import Leases
import Ledger
import Linux
import TestSupport

@testable import cname_updater

/// What a router does with lease events, without processes: the updater's code on folders of its own, a clock that tests
/// move, and a stand-in for the daemon and dnsmasq.
final class EventWorld {
    let scratch = Scratch(in: "/dev/shm")
    var now = Instant(sinceStart: .seconds(1000))
    /// What dnsmasq has read.
    private(set) var served = ""
    /// The runs for which an alias was the cause.
    private(set) var aliasRuns = 0
    private var runs = 0
    private let places: Places
    private var settings: UpdaterSettings
    var ledger: Ledger { Ledger(run: places.daemon) }

    /// - Parameter sections: Of the settings, besides where the world is.
    init(_ sections: String) throws {
        var places = Places()
        places.config = ByteString(scratch / "config")
        places.daemon = ByteString(scratch / "run")
        places.updater = ByteString(scratch / "leases")
        self.places = places
        settings = try EventWorld.read(sections, scratch, places)
    }

    /// Changes the settings.
    func set(_ sections: String) throws {
        settings = try EventWorld.read(sections, scratch, places)
    }

    private static func read(_ sections: String, _ scratch: Scratch, _ places: Places) throws -> UpdaterSettings {
        let place = "config updater\n option confdir \(scratch / "conf")\n option mappings \(scratch / "mappings")\n"
        scratch.write("config", place + " option domain lan\n" + sections)
        return try UpdaterSettings(file: places.config)
    }

    func handle(_ variables: [String: String]) throws {
        let event = try LeaseEvent(router: "OpenWrt") { variables["\($0)"].map { ByteString($0) } }
        try EventHandler(places, settings, now: now).handle(event)
    }

    /// What stands in the conf-dir.
    var fragment: String { contents(scratch / "conf/cname-updater.conf") ?? "" }

    func isPending(_ cause: String = "alias") -> Bool { contents(scratch / "run/pending/dnsmasq/\(cause)") != nil }

    /// A keeper of the aliases was killed while it changed something.
    func interrupt() {
        let note = contents(scratch / "leases/aliases") ?? ""
        scratch.write("leases/aliases", "*" + note.dropFirst() + "\n")
    }

    /// The daemon takes what is pending.
    ///
    /// - Returns: Whether there was anything.
    @discardableResult
    func beginRun() throws -> Bool {
        guard let causes = try ledger.take("dnsmasq", run: runs + 1) else { return false }
        runs += 1
        if causes.contains(where: { $0.hasPrefix("alias ") }) { aliasRuns += 1 }
        return true
    }

    /// dnsmasq reads its settings.
    func serve() { served = fragment }

    func endRun() throws { try ledger.finish("dnsmasq", run: runs, status: 0) }

    /// The quiet time is over: the job runs, if anything is pending.
    @discardableResult
    func restart() throws -> Bool {
        guard try beginRun() else { return false }
        serve()
        try endRun()
        return true
    }
}

/// The environment of an event.
func variables(
    _ action: String, _ client: String, _ address: String, _ name: String, _ more: [String: String] = [:]
) -> [String: String] {
    var all = ["ACTION": action, "MACADDR": client, "IPADDR": address, "HOSTNAME": name]
    if action != "remove" { all["DNSMASQ_INTERFACE"] = "br-lan" }
    return all.merging(more) { $1 }
}
