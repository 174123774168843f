import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases
import Ledger
import Linux
import TestSupport

@testable import Updater

/// What a router does with lease events, but without processes: the updater's code with folders of its own, a clock
/// that tests move, and a stand-in for the daemon and dnsmasq.
final class EventWorld {
    let scratch = Scratch(in: "/dev/shm")
    var now = Instant(sinceStart: .seconds(1000))
    /// The fragment that dnsmasq has read.
    private(set) var served = ""
    /// How many runs had an alias as their cause.
    private(set) var aliasRuns = 0
    private var runs = 0
    let places: Places
    var ledger: Ledger { Ledger(folder: places.daemon) }

    /// - Parameter sections: The settings, but for the places of the files, which are added.
    init(_ sections: String) throws {
        var places = try! Places()
        places.config = ByteString(scratch / "config")
        places.daemon = ByteString(scratch / "run")
        places.updater = ByteString(scratch / "leases")
        self.places = places
        try set(sections)
    }

    /// Changes the settings, and puts them in force.
    func set(_ sections: String) throws {
        let place = "config updater\n option confdir \(scratch / "conf")\n option mappings \(scratch / "mappings")\n"
        scratch.write("config", place + " option domain lan\n" + sections)
        try Settings(file: places.config).takeOver(places)
    }

    /// What the updater would work with if it were called now.
    func context() throws -> Context {
        try Context(
            places, takesOver: true, now: now, rendered: ByteString(scratch / "etc"), dhcp: ByteString(scratch / "dhcp")
        )
    }

    func handle(_ variables: [String: String]) throws {
        let event = try LeaseEvent(router: "OpenWrt") { variables["\($0)"].map { ByteString($0) } }
        try context().handle(event)
    }

    /// The fragment in the conf-dir.
    var fragment: String { contents(scratch / "conf/cname-updater.conf") ?? "" }

    func isPending(_ cause: String = "alias") -> Bool {
        ((try? ledger.events(of: "dnsmasq")) ?? []).contains { $0.hasPrefix(ByteString(cause) + " ") }
    }

    /// Leaves what a killed updater leaves in the middle of a change of the aliases.
    func interrupt() {
        let record = contents(scratch / "leases/aliases").flatMap { Record(text: ByteString($0)) } ?? Record()
        scratch.write("leases/aliases", "\(record.text(marked: true))")
    }

    /// Takes what is pending, as the daemon does when it starts a run.
    ///
    /// - Returns: Whether anything was pending.
    @discardableResult
    func beginRun() throws -> Bool {
        guard let taken = try ledger.take("dnsmasq") else { return false }
        runs += 1
        if taken.events.contains(where: { $0.hasPrefix("alias ") }) { aliasRuns += 1 }
        return true
    }

    /// Has dnsmasq read the fragment.
    func serve() { served = fragment }

    func endRun() throws { try ledger.finish("dnsmasq", run: ledger.runs(of: "dnsmasq").begun, status: 0) }

    /// Runs the job if anything is pending, as after the quiet time.
    @discardableResult
    func restart() throws -> Bool {
        guard try beginRun() else { return false }
        serve()
        try endRun()
        return true
    }
}
