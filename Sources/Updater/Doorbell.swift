import Basics
import Configuration
import Debounce
import Leases
import Ledger
import Linux
import Network

/// Asks `debounced` for a job: in the ledger, and through the FIFO.
struct Doorbell {
    private let places: Places
    private let ledger: Ledger

    init(_ places: Places, _ ledger: Ledger) {
        self.places = places
        self.ledger = ledger
    }

    /// Tells the daemon to look into the ledger.
    ///
    /// - Returns: If it can't be told because it does not run or does not read: what will happen. It looks into the
    ///   ledger when it does so again.
    /// - Throws: What else keeps us from telling it. Then it may run and not look, and nothing can be promised.
    func ring(_ verb: Request.Verb, _ job: ByteString) throws(Fault) -> ByteString? {
        do throws(Fault) {
            try Fifo.write(Request(verb, job).line, to: places.fifo)
            return nil
        } catch {
            // Something else in the FIFO's place, which has no errno or is no file, ends the daemon too.
            guard error.code == .unavailable || error.errno == 0 || error.isNoFile else { throw error }
            return kept(error.message, job)
        }
    }

    /// The same where nobody reads our streams.
    func ring(_ job: ByteString) throws(Fault) {
        if let trouble = try ring(.pending, job) { Log.system("cname-updater", trouble) }
    }

    func kept(_ trouble: ByteString, _ job: ByteString) -> ByteString {
        "\(trouble); the request is kept, and '\(job)' runs once debounced is back"
    }

    /// Asks because a lease has expired, if that was wanted when it was recorded.
    func tell(thatExpired lease: Lease, of client: ClientIdentifier) {
        guard Job.isName(lease.job) else { return }
        do throws(Fault) {
            let words = [client.name + ":", "expired", lease.addresses[0].text, lease.hostName?.text ?? ""]
            try ledger.add(.lease, to: lease.job, event: words.filter { !$0.isEmpty }.joined(separator: " "))
            try ring(lease.job)
        } catch {
            Log.system("cname-updater", error.message)
        }
    }
}
