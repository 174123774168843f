import Basics
import Configuration
import Linux
import TestSupport
import Testing

@testable import Updater

/// Another process holds the lock of `reconcile`, and does not go on.
@Suite(.ownThread) struct HeldLockTests {
    private let scratch = Scratch(in: "/dev/shm")
    private let places: Places
    private let router: RouterView
    private let holder: LockHolder
    private var lock: String { scratch / "leases/reconcile.lock" }
    private var told: String { scratch / "leases/told" }

    init() throws {
        var places = try Places(Arguments(["--config", ByteString(scratch / "config")], valued: ["--config"]))
        places.daemon = ByteString(scratch / "run")
        places.updater = ByteString(scratch / "leases")
        self.places = places
        scratch.write(
            "config", "config updater\n option confdir \(scratch / "conf")\nconfig cname m\n list target host\n")
        try Settings(file: places.config).takeOver(places)
        let router = RouterView()
        router.rendered = ByteString(scratch / "etc")
        router.dhcp = ByteString(scratch / "dhcp")
        router.processes = { () throws(Fault) in [] }
        router.wallClock = { .seconds(2_000_000) }
        self.router = router
        try run(["mkdir", "-m", "700", scratch / "leases"])
        holder = try LockHolder(scratch / "leases/reconcile.lock")
        try wasTaken(at: 2_000_000)
    }

    private func wasTaken(at moment: Int) throws { try run(["touch", "-d", "@\(moment)", lock]) }

    private func reconcile(waits: Bool = false) throws -> Truth? {
        try Context(places, router: router).reconcile(Occasion("a lease"), waits: waits)
    }

    private var isMarked: Bool { contents(scratch / "leases/reconcile/mark") != nil }

    /// An event does not wait, and is not lost: the holder or the next call finds the mark.
    @Test func anEventLeavesAMark() throws {
        #expect(try reconcile() == nil && isMarked)
        #expect(contents(scratch / "conf/cname-updater.conf") == nil && contents(told) == nil, "it is held for 0 s")
        holder.release()
        #expect(try reconcile() != nil && !isMarked)
    }

    /// The log names the process that has held the lock for more than 10 s, once.
    @Test func aLockThatIsHeldForLongIsToldOnce() throws {
        try wasTaken(at: 2_000_000 - 10)
        #expect(try reconcile() == nil && contents(told) == nil)
        try wasTaken(at: 2_000_000 - 11)
        let line = "\(lock): process \(holder.process) has held the lock for more than 10 s"
        #expect(try reconcile() == nil && isMarked && contents(told) == line)
        try run(["touch", "-d", "@1000", told])
        #expect(try reconcile() == nil)
        #expect(try FileStatus(at: ByteString(told))?.changed == .seconds(1000), "it is not told again")

        holder.release()
        let next = try LockHolder(lock)
        #expect(try reconcile() == nil)
        #expect(contents(told) == "\(lock): process \(next.process) has held the lock for more than 10 s")
    }

    /// Calls by hand wait, then end with a fault that names the process. The mark stays.
    @Test func aCallByHandWaitsForTenSeconds() throws {
        let fault = Fault(
            .busy, "\(ByteString(lock)): waited for 10 s for process \(holder.process), which holds the lock")
        #expect(throws: fault) { try reconcile(waits: true) }
        #expect(isMarked)
    }
}
