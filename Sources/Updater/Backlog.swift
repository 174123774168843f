import Basics
import Configuration
import Dnsmasq
import Linux

/// The lease events that wait because somebody holds a lock and does not go on: `FOLDER/backlog/MOMENT-PROCESS`, each with
/// the variables that it came with, as in /proc/PID/environ (proc(5)). While there are any, each new one queues up behind
/// them, so that they are handled in the order in which they happened. One process at a time handles them.
public struct Backlog {
    private let places: Places
    private var folder: ByteString { places.updater + "/backlog" }
    /// More are not kept: a hanging process must not fill the router's memory.
    private static let limit = 1000
    /// Of the moment, in nanoseconds on the clock of /proc/uptime, so that the names' order is that of the events.
    private static let digits = 18

    public init(_ places: Places) { self.places = places }

    /// Handles the lease event that the environment tells of, or keeps it.
    ///
    /// - Throws: `usage` or `data` if it is none; `cannotCreate`; `settings` if the aliases can't be written where they are
    ///   to be.
    public func handleEvent() throws(Fault) {
        let now = Process.now
        let event = try Backlog.event { Process.environment($0) }
        if !isThere {
            do throws(Fault) {
                return try Context(places, takesOver: true, now: now).handle(event)
            } catch  where error.code == .busy {
                tell(error)
            }
        }
        try keep(at: now)
        try catchUp()
    }

    /// Handles the events that are kept, unless somebody else does so, or the lock is still held.
    ///
    /// - Throws: `cannotCreate`.
    public func catchUp() throws(Fault) {
        do throws(Fault) {
            // Again, for those who were told that we handle them and kept another one after we had looked.
            while isThere, try handleKept() {}
        } catch  where error.code == .alreadyRunning {
            // That one looks again, too.
        }
    }

    /// Whether events wait. If that can't be told, whoever uses the run directory says why.
    private var isThere: Bool { ((try? FileStatus(at: folder)) ?? nil) != nil }

    /// - Returns: Whether it handled all that it found.
    /// - Throws: `alreadyRunning` if somebody else does so; `cannotCreate`.
    private func handleKept() throws(Fault) -> Bool {
        // Another user could have written anything there.
        try Files.checkFolder(places.updater)
        let lock = try FileLock(ifFree: folder + ".lock")
        defer { _ = lock }
        // A draft that a killed process left goes, too.
        let names = try Files.names(in: folder, hidden: true).sorted()
        for name in names {
            let path: ByteString = "\(folder)/\(name)"
            do throws(Fault) {
                try handle(Files.read(path), since: name)
            } catch  where error.code == .busy {
                tell(error)
                return false
            } catch {
                // As with any event: the next one of its client tells again.
                Log.system("cname-updater", error.message)
            }
            try Files.remove(path)
        }
        // Not if somebody has kept another one meanwhile.
        Files.removeEmptyFolder(folder)
        return true
    }

    private func handle(_ text: ByteString, since name: ByteString) throws(Fault) {
        let variables = text.parts { $0 == 0 }
        let event = try Backlog.event { Process.variable($0, in: variables) }
        guard let moment = name.split(at: UInt8(ascii: "-"))?.before.number(digits: Backlog.digits) else { return }
        let end = Process.now + FileLock.patience
        while true {
            do throws(Fault) {
                let now = Instant(sinceStart: .nanoseconds(moment))
                return try Context(places, takesOver: true, now: now).handle(event)
            } catch  where error.code == .busy && Process.now < end {
                // All places of those that wait are taken; one of them will be free soon.
                Process.pause(.milliseconds(50))
            }
        }
    }

    private func keep(at now: Instant) throws(Fault) {
        let environment = try Files.read("/proc/self/environ").parts { $0 == 0 }
        let variables = environment.filter { variable in
            (["ACTION=", "MACADDR=", "IPADDR=", "HOSTNAME=", "DNSMASQ_"] as [ByteString]).contains {
                variable.hasPrefix($0)
            }
        }
        let name: ByteString = "\(now.sinceStart.nanoseconds)"
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: max(0, Backlog.digits - name.count))
        let draft: ByteString = "\(folder)/.\(Process.number)"
        try Files.makeFolder(places.updater)
        while true {
            try Files.makeFolder(folder)
            guard try Files.names(in: folder).count < Backlog.limit else {
                throw Fault(.busy, "\(folder): \(Backlog.limit) events wait already; this one is lost")
            }
            do throws(Fault) {
                try Files.write(draft, variables.joined(separator: "\0") + "\0")
                return try Files.rename(draft, to: "\(folder)/\(ByteString(zeros))\(name)-\(Process.number)")
            } catch  where error.isMissing {
                // All others were handled just now, and the folder has gone.
            }
        }
    }

    private func tell(_ fault: Fault) {
        Log.system("cname-updater", "\(fault.message); this lease event is kept, and handled with the next one")
    }

    private static func event(_ environment: (StaticString) -> ByteString?) throws(Fault) -> LeaseEvent {
        try LeaseEvent(
            router: Process.hostName, procd: Process.environmentOfInit("HOSTNAME"), environment: environment)
    }
}
