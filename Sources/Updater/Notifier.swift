import Basics
import Configuration
import Debounce
import Leases
import Ledger
import Linux
import Network

/// Notifies `debounced` and `watch` through their FIFOs.
final class Notifier {
    private let places: Places
    private let ledger: RequestLedger

    init(_ places: Places, ledger: RequestLedger) { (self.places, self.ledger) = (places, ledger) }

    /// Notifies the daemon that the ledger has changed.
    /// - Returns: nil on success; otherwise a message that the daemon is away and reads the request later.
    /// - Throws: Any other fault. Then the daemon may run and not read the ledger, so nothing can be promised.
    func notify(_ verb: Request.Verb, job: ByteString) throws(Fault) -> ByteString? {
        do throws(Fault) {
            try Fifo.write(Request(verb, job: job).line, to: places.fifo)
            return nil
        } catch {
            // With anything but a FIFO at this path, the daemon ends too.
            guard error.code == .unavailable || error.errno == 0 || error.isNoFile else { throw error }
            return kept(error.message, job: job)
        }
    }

    /// Notifies the daemon. If it is away, the system log says so, since the output of a hook is lost.
    func notify(_ job: ByteString) throws(Fault) {
        if let trouble = try notify(.pending, job: job) { Log.system(from: "cname-updater", trouble) }
    }

    func kept(_ trouble: ByteString, job: ByteString) -> ByteString {
        "\(trouble); the request is kept, and '\(job)' runs once debounced is back"
    }

    /// Requests the job that was recorded with an expired lease.
    func request(forExpired lease: Lease, of client: ClientIdentifier) {
        guard Job.isName(lease.job) else { return }
        do throws(Fault) {
            let words = [client.name + ":", "expired", lease.addresses[0].text, lease.hostName?.text ?? ""]
            try ledger.add(.lease, to: lease.job, event: words.filter { !$0.isEmpty }.joined(separator: " "))
            try notify(lease.job)
        } catch {
            Log.system(from: "cname-updater", error.message)
        }
    }

    /// Notifies `watch`, if it runs, that leases, aliases or settings may have changed.
    func notifyWatch() {
        // A full FIFO has enough notifications.
        try? Fifo.write("", to: Notifier.watchFifo(places), waits: false)
    }

    static func watchFifo(_ places: Places) -> ByteString { places.updater + "/notify" }
}
