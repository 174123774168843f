import Basics
import Debounce
import Linux

/// `--record FILE`: writes what happens to the jobs as a trace that `debounced simulate` plays, line by line as it
/// happens. A run has its line when it ends, with a DURATION that counts from when it was due: there it starts in a
/// replay, whose timers are never late, and so it ends there when it has ended here.
///
/// A trace does not hold the settings; a replay needs the same. Nor can it say that a command could not be started, or
/// goes on from an earlier daemon. A request that an earlier daemon left counts from when it was found. A request that
/// came when its job was due and the timer late (a millisecond or two) put the run off, but comes during it in a
/// replay.
final class Recorder {
    private let path: ByteString
    private let file: FileDescriptor
    private let start = Process.now
    /// Of the last line.
    private var time = Duration.zero
    private var isStopped = false

    /// - Throws: `cannotCreate` if the file can't be made.
    init(_ path: ByteString) throws(Fault) {
        file = try FileDescriptor(opening: path, Files.replacing)
        self.path = path
    }

    /// Somebody asked.
    func note(_ verb: Request.Verb, _ job: ByteString, at now: Instant) {
        write(.asked(verb), job, at: time(of: now))
    }

    /// A run has ended.
    ///
    /// - Parameters:
    ///   - exit: Its status.
    ///   - due: When it had to start.
    func note(exit: Int32, _ job: ByteString, due: Instant, at now: Instant) {
        write(.exit(status: exit, duration: time(of: now) - time(of: due)), job, at: time(of: now))
    }

    /// Cut to milliseconds as in the file, so that sums come out even.
    private func time(of moment: Instant) -> Duration {
        let (seconds, attoseconds) = (moment - start).components
        return .seconds(seconds) + .milliseconds(attoseconds / 1_000_000_000_000_000)
    }

    /// If that can't be done, says so and stops; the daemon goes on.
    private func write(_ event: Trace.Line.Event, _ job: ByteString, at moment: Duration) {
        guard !isStopped else { return }
        time = max(time, moment)
        do throws(Fault) {
            try file.write(Trace.Line(at: time, job, event).text + "\n")
        } catch {
            isStopped = true
            Log.error("\(path): \(error.message); recording stops")
        }
    }
}
