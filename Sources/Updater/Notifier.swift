import Basics
import Configuration
import Debounce
import Leases
import Ledger
import Linux
import Network

/// Tells `debounced` through the FIFO to read the ledger, and `watch` through another one to look.
final class Notifier {
    private let places: Places
    private let ledger: RequestLedger

    init(_ places: Places, ledger: RequestLedger) { (self.places, self.ledger) = (places, ledger) }

    /// Tells the daemon to read the ledger.
    ///
    /// - Returns: nil on success; otherwise a message that the daemon is away and reads the request later.
    /// - Throws: Any other fault. Then the daemon may run and not read it, and nothing can be promised.
    func notify(_ verb: Request.Verb, job: ByteString) throws(Fault) -> ByteString? {
        do throws(Fault) {
            try Fifo.write(Request(verb, job: job).line, to: places.fifo)
            return nil
        } catch {
            // Something else in the FIFO's place, which has no errno or is no file, ends the daemon too.
            guard error.code == .unavailable || error.errno == 0 || error.isNoFile else { throw error }
            return kept(error.message, job: job)
        }
    }

    /// Tells the daemon, and says in the system log if it is away: the output of a hook is not read.
    func notify(_ job: ByteString) throws(Fault) {
        if let trouble = try notify(.pending, job: job) { Log.system(from: "cname-updater", trouble) }
    }

    func kept(_ trouble: ByteString, job: ByteString) -> ByteString {
        "\(trouble); the request is kept, and '\(job)' runs once debounced is back"
    }

    /// Requests a job because a lease has expired, if that was set when the lease was recorded.
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

    /// Tells `watch`, if it runs, that leases, aliases or settings may have changed.
    func notifyWatch() {
        // A FIFO that is full has been written to often enough.
        try? Fifo.write("", to: Notifier.watchFifo(places), waits: false)
    }

    /// The FIFO from which `watch` is notified.
    static func watchFifo(_ places: Places) -> ByteString { places.updater + "/notify" }
}
