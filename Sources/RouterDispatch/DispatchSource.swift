import Basics
import Linux

// The part of Dispatch that `debounced` uses, with the same names and the same behaviour, but in one thread and a few KB.
// The router build has this module in place of Dispatch, which does not exist for routers' processors.

public typealias DispatchSourceRead = DispatchSource
public typealias DispatchSourceSignal = DispatchSource
public typealias DispatchSourceTimer = DispatchSource

/// Something that happens, and what to do then. Once activated it lives until it is cancelled.
public final class DispatchSource: @unchecked Sendable {
    /// What to read from; -1 for a timer.
    let file: Int32
    /// When a timer fires; nil: never.
    private(set) var deadline: Instant?
    public private(set) var isCancelled = false

    /// The file of a signal's source.
    private let signal: FileDescriptor?
    private let queue = DispatchQueue.main
    private var onEvent: () -> Void = {}
    private var onCancel: () -> Void = {}
    private var onRegistration: () -> Void = {}

    private init(file: Int32, signal: consuming FileDescriptor? = nil) {
        self.file = file
        self.signal = signal
    }

    /// Fires as long as there is something to read from the descriptor, or its other end is closed.
    ///
    /// The descriptor has to stay open until the cancel handler is called.
    public static func makeReadSource(fileDescriptor: Int32, queue: DispatchQueue) -> DispatchSourceRead {
        DispatchSource(file: fileDescriptor)
    }

    /// Fires when the process gets the signal, which from now on has no other effect.
    public static func makeSignalSource(signal: Int32, queue: DispatchQueue) -> DispatchSourceSignal {
        do throws(Fault) {
            let signal = try FileDescriptor(signal: signal)
            let file = signal.number
            return DispatchSource(file: file, signal: signal)
        } catch {
            // Dispatch does not let this fail either; and without its signals a program must not run.
            Log.error(error.message)
            fatalError()
        }
    }

    /// Fires once for each `schedule`.
    public static func makeTimerSource(queue: DispatchQueue) -> DispatchSourceTimer { DispatchSource(file: -1) }

    public func setEventHandler(handler: @escaping () -> Void) { onEvent = handler }

    /// Called once, after the event handler was called for the last time.
    public func setCancelHandler(handler: @escaping () -> Void) { onCancel = handler }

    /// Called once, when no event can be missed any more.
    public func setRegistrationHandler(handler: @escaping () -> Void) { onRegistration = handler }

    /// Sets a timer, in place of what it was set to before.
    public func schedule(deadline: DispatchTime) { self.deadline = deadline.moment }

    public func activate() {
        queue.sources.append(self)
        queue.async { [self] in
            if !isCancelled { onRegistration() }
            onRegistration = {}
        }
    }

    /// No further event is handled. A handler that is running goes on to its end.
    public func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        queue.async { [self] in
            onCancel()
            // They may hold references to us.
            onEvent = {}
            onCancel = {}
        }
    }

    func turn(isReadable: Bool, at now: Instant) {
        // Another source's handler may have cancelled or set us in the same round.
        let isDue = deadline.map { $0 <= now } ?? false
        guard !isCancelled, isDue || isReadable else { return }
        if isDue { deadline = nil }
        signal?.skip()
        onEvent()
    }
}
