import Basics
import Linux

// The part of Dispatch that `debounced` uses, with Dispatch's names and behaviour, on one thread. The router build has
// this module instead, as Dispatch does not exist for routers' processors.

public typealias DispatchSourceRead = DispatchSource
public typealias DispatchSourceSignal = DispatchSource
public typealias DispatchSourceTimer = DispatchSource

/// A source of events and its handlers. An activated source lives until it is cancelled.
public final class DispatchSource: @unchecked Sendable {
    /// The descriptor to read; -1 for a timer.
    let file: Int32
    private(set) var deadline: Instant?
    public private(set) var isCancelled = false

    /// Keeps a signal's descriptor open.
    private let signal: FileDescriptor?
    private let queue = DispatchQueue.main
    private var onEvent: () -> Void = {}
    private var onCancel: () -> Void = {}
    private var onRegistration: () -> Void = {}

    private init(file: Int32, signal: consuming FileDescriptor? = nil) {
        self.file = file
        self.signal = signal
    }

    /// Fires while the descriptor is readable or its other end is closed. Close it in the cancel handler.
    public static func makeReadSource(fileDescriptor: Int32, queue: DispatchQueue) -> DispatchSourceRead {
        DispatchSource(file: fileDescriptor)
    }

    /// Fires when the process gets the signal. From this call on, the signal has no other effect.
    public static func makeSignalSource(signal: Int32, queue: DispatchQueue) -> DispatchSourceSignal {
        do throws(Fault) {
            let signal = try FileDescriptor(signal: signal)
            let file = signal.number
            return DispatchSource(file: file, signal: signal)
        } catch {
            // Dispatch's function can't fail, and a program must not run without its signals.
            Log.error(error.message)
            fatalError()
        }
    }

    public static func makeTimerSource(queue: DispatchQueue) -> DispatchSourceTimer { DispatchSource(file: -1) }

    public func setEventHandler(handler: @escaping () -> Void) { onEvent = handler }

    public func setCancelHandler(handler: @escaping () -> Void) { onCancel = handler }

    /// Called once, as soon as no event can be missed.
    public func setRegistrationHandler(handler: @escaping () -> Void) { onRegistration = handler }

    public func schedule(deadline: DispatchTime) { self.deadline = deadline.moment }

    public func activate() {
        queue.sources.append(self)
        queue.async { [self] in
            if !isCancelled { onRegistration() }
            onRegistration = {}
        }
    }

    public func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        queue.async { [self] in
            onCancel()
            // The handlers may refer to this source.
            onEvent = {}
            onCancel = {}
        }
    }

    func turn(isReadable: Bool, at now: Instant) {
        // An earlier handler of this round may have cancelled or set this source.
        let isDue = deadline.map { $0 <= now } ?? false
        guard !isCancelled, isDue || isReadable else { return }
        if isDue { deadline = nil }
        signal?.skip()
        onEvent()
    }
}
