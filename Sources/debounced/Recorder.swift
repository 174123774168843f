import Basics
import Debounce
import Linux

/// `--record FILE`: writes what happens to the jobs as a trace that `debounced simulate` plays, line by line as it
/// happens. The line of a run is written when it ends. Its DURATION counts from the moment when the run was due: that is
/// when it starts in a replay, whose timers are never late, and so it ends there when it has ended here.
///
/// A trace does not hold the settings, and a replay needs the same. It can't say that a command could not be started, or
/// was still running from an earlier daemon. A request that an earlier daemon left counts from when it was found. A request
/// that came when its job was due but the timer late (a millisecond or two) has put the run off; in a replay it comes
/// during the run.
final class Recorder {
    private let file: FileDescriptor
    private let start = Process.now
    /// The time of the last line.
    private var time = Duration.zero
    private var isStopped = false

    /// - Throws: `cannotCreate` if the file can't be made.
    init(_ path: ByteString) throws(Fault) {
        file = try FileDescriptor(opening: path, Files.replacing)
    }

    /// Somebody asked.
    func asked(_ verb: Request.Verb, _ job: ByteString, by requester: ByteString, at now: Instant) {
        write(.asked(verb, by: requester), job, at: time(of: now))
    }

    /// A run has ended.
    ///
    /// - Parameter due: When it was to start.
    func ended(_ status: Int32, _ job: ByteString, due: Instant, at now: Instant) {
        write(.exit(status: status, duration: time(of: now) - time(of: due)), job, at: time(of: now))
    }

    /// Cut to milliseconds as in the file, so that sums come out even.
    private func time(of moment: Instant) -> Duration {
        .milliseconds((moment - start).milliseconds)
    }

    /// If it can't be written, says so and records no more; the daemon goes on.
    private func write(_ event: Trace.Line.Event, _ job: ByteString, at moment: Duration) {
        guard !isStopped else { return }
        time = max(time, moment)
        do throws(Fault) {
            try file.write(Trace.Line(at: time, job, event).text + "\n")
        } catch {
            isStopped = true
            Log.error("\(error.message); recording stops")
        }
    }
}
