import Basics
import Configuration
import Debounce
import Leases
import Linux

/// Does what a call asks for.
struct Updater {
    private let places: Places
    private let settings: Settings

    /// - Throws: `settings`.
    init(_ places: Places) throws(Fault) {
        self.places = places
        settings = try Settings(file: places.config)
    }

    /// Records the lease event of the environment, and asks for the job if it changed anything.
    func handleEvent() throws(Fault) {
        let event = try LeaseEvent(router: Process.hostName) { Process.environment($0) }
        try LeaseFolder(run: places.updater).record(event) { () throws(Fault) in
            try ask(.request, nil)
        }
    }

    /// Writes a request for `job`, or for the job of the settings, to the FIFO.
    ///
    /// - Throws: `usage` if there is no such job, `unavailable` if `debounced` can't take the request.
    func ask(_ verb: Request.Verb, _ job: ByteString?) throws(Fault) {
        let job = job ?? settings.updaterJob
        guard Job.isName(job), try FileStatus(at: places.state(of: job)) != nil else {
            let known = try Files.names(in: places.daemon + "/jobs")
            if known.isEmpty {
                throw Fault(.unavailable, "\(places.daemon): debounced is not running")
            }
            let names = known.joined(separator: ", ")
            throw Fault(.usage, "no job '\(job.printable())', debounced has: \(names)")
        }
        try Fifo.write(Request(verb, job).line, to: places.fifo)
    }
}
