// Plays one scenario on the main queue, and logs each step: with Dispatch, and as RouterDispatchScenarios with the
// module that replaces Dispatch on a router.

import Basics
import CLinux
import Linux

#if ROUTER_DISPATCH
    import RouterDispatch
#else
    import Dispatch
#endif

do throws(Fault) {
    let name = Process.arguments.first ?? ""
    switch name {
    case "order": order()
    case "timers": timers()
    case "lateTimer": try lateTimer()
    case "addedInHandlers": try addedInHandlers()
    case "cancelledInOwnHandler": try cancelledInOwnHandler()
    case "cancelledInOthersHandler": try cancelledInOthersHandler()
    case "hangUp": try hangUp()
    case "signals": signals()
    case "failedObjects": failedObjects()
    default: throw Fault(.usage, "no scenario '\(name)'")
    }
    dispatchMain()
} catch {
    Log.error(error.message)
    Process.exit(1)
}

/// Ends the program after all cancel handlers have run. An event that must not come has 100 ms to come.
func end() {
    timer(after: 100) {
        guard Reading.open == 0 else { return end() }
        Log.info("end")
        Process.exit(0)
    }
}

@discardableResult
func timer(after milliseconds: Int, _ handler: @escaping () -> Void) -> DispatchSourceTimer {
    let timer = DispatchSource.makeTimerSource(queue: .main)
    // The handler holds the source.
    timer.setEventHandler { withExtendedLifetime(timer, handler) }
    timer.schedule(deadline: .now() + .milliseconds(milliseconds))
    timer.activate()
    return timer
}

/// A pipe with some bytes in it, and a source of read events.
final class Reading {
    /// The number of activated sources whose cancel handler is still to run. Only the main queue uses it.
    nonisolated(unsafe) static var open = 0

    private let reader: FileDescriptor
    private var writer: FileDescriptor?
    let source: DispatchSourceRead

    init(bytes: Int) throws(Fault) {
        let pipe = try Pipe()
        try pipe.writer.write(ByteString(Array(repeating: UInt8(ascii: "x"), count: bytes)))
        source = DispatchSource.makeReadSource(fileDescriptor: pipe.reader.number, queue: .main)
        reader = pipe.reader
        writer = consume pipe.writer
    }

    func start(_ handler: @escaping () -> Void) {
        source.setEventHandler(handler: handler)
        source.setCancelHandler { [self] in
            Self.open -= 1
            Log.info(source.isCancelled ? "cancel handler" : "not cancelled")
        }
        Self.open += 1
        source.activate()
    }

    /// Reads one byte.
    func take() {
        var buffer: [UInt8] = [0]
        do throws(Fault) {
            let count = try reader.read(into: &buffer)
            Log.info(count == nil ? "nothing" : count == 0 ? "end of file" : "a byte")
        } catch {
            Log.info("end of file")
        }
    }

    func hangUp() {
        writer = nil
    }
}

/// Blocks run later, in the order in which they were submitted.
func order() {
    let queue = DispatchQueue.main
    queue.async {
        Log.info("1")
        queue.async {
            Log.info("3")
            end()
        }
        Log.info("still 1")
    }
    queue.async { Log.info("2") }
    Log.info("0")
}

/// A timer fires once and never too early. It can be set again: in its own handler, to an earlier and to a later time.
func timers() {
    var start = Process.now
    var rounds = 0
    let repeated = DispatchSource.makeTimerSource(queue: .main)
    let other = DispatchSource.makeTimerSource(queue: .main)
    repeated.setEventHandler {
        rounds += 1
        Log.info("\(rounds): \(Process.now - start < .milliseconds(20) ? "too early" : "in time" as ByteString)")
        if rounds < 3 {
            start = Process.now
            repeated.schedule(deadline: .now() + .milliseconds(20))
        } else {
            repeated.schedule(deadline: .now() + .milliseconds(10))
            repeated.schedule(deadline: .distantFuture)
            other.schedule(deadline: .now() + .milliseconds(30))
        }
    }
    other.setEventHandler {
        Log.info("other")
        end()
    }
    other.schedule(deadline: .distantFuture)
    other.activate()
    repeated.schedule(deadline: .now() + .milliseconds(60_000))
    repeated.activate()
    repeated.schedule(deadline: .now() + .milliseconds(20))
}

/// A timer that is due does not fire if another handler cancels or delays it first.
func lateTimer() throws(Fault) {
    let cancelled = DispatchSource.makeTimerSource(queue: .main)
    let putOff = DispatchSource.makeTimerSource(queue: .main)
    let reading = try Reading(bytes: 1)
    reading.start {
        reading.source.cancel()
        cancelled.schedule(deadline: .now() + .milliseconds(10))
        putOff.schedule(deadline: .now() + .milliseconds(10))
        Process.pause(.milliseconds(50))
        cancelled.cancel()
        putOff.schedule(deadline: .distantFuture)
        end()
    }
    for timer in [cancelled, putOff] {
        timer.setEventHandler { Log.info("fired") }
        timer.activate()
    }
}

/// Events come from sources that a handler activates.
func addedInHandlers() throws(Fault) {
    let reading = try Reading(bytes: 1)
    timer(after: 1) {
        Log.info("timer")
        reading.start {
            reading.take()
            timer(after: 1) {
                Log.info("second timer")
                reading.source.cancel()
                end()
            }
        }
    }
}

/// A handler that cancels its own source runs to its end, and is not called again, although more bytes can be read.
func cancelledInOwnHandler() throws(Fault) {
    let reading = try Reading(bytes: 5)
    var calls = 0
    reading.start {
        reading.take()
        calls += 1
        if calls == 2 {
            reading.source.cancel()
            reading.source.cancel()
            Log.info("still in the handler")
            end()
        }
    }
}

/// Of two sources that are ready, the first handler cancels the second source.
func cancelledInOthersHandler() throws(Fault) {
    let (one, other) = (try Reading(bytes: 1), try Reading(bytes: 1))
    one.start {
        one.take()
        one.source.cancel()
        other.source.cancel()
        end()
    }
    other.start {
        other.take()
        one.source.cancel()
        other.source.cancel()
        end()
    }
}

/// The writing end is closed while the source waits. The bytes in the pipe are read first.
func hangUp() throws(Fault) {
    let reading = try Reading(bytes: 2)
    var calls = 0
    reading.start {
        reading.take()
        calls += 1
        if calls == 2 { timer(after: 20) { reading.hangUp() } }
        if calls == 3 {
            reading.source.cancel()
            end()
        }
    }
}

/// A signal counts after the registration handler has run. No signal interrupts a handler. A signal that comes during
/// its own handler counts too.
func signals() {
    let terminate = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .main)
    let user = DispatchSource.makeSignalSource(signal: SIGUSR1, queue: .main)
    var registered = 0
    var heard = 0
    terminate.setEventHandler {
        Log.info("TERM")
        kill(getpid(), SIGUSR1)
        Process.pause(.milliseconds(20))
        Log.info("still TERM")
    }
    user.setEventHandler {
        heard += 1
        Log.info("USR1")
        if heard == 1 {
            kill(getpid(), SIGUSR1)
            Process.pause(.milliseconds(20))
            Log.info("still USR1")
        } else {
            terminate.cancel()
            user.cancel()
            end()
        }
    }
    for source in [terminate, user] {
        source.setRegistrationHandler {
            registered += 1
            Log.info("registered")
            if registered == 2 { kill(getpid(), SIGTERM) }
        }
    }
    terminate.activate()
    user.activate()
}

/// A class with an initializer that can fail before all properties are set.
private final class Failing {
    let text: ByteString

    init?(_ text: ByteString?) {
        guard let text else { return nil }
        self.text = text
    }
}

/// An object with a failed initializer leaves no memory behind.
func failedObjects() {
    func pages() -> Int { (try? Files.read("/proc/self/statm"))?.words[1].wholeNumber ?? 0 }
    func made(of count: Int) -> Int {
        var made = 0
        for number in 1...count where Failing(number == count ? "whole" : nil) != nil { made += 1 }
        return made
    }
    // The first call loads the code into memory.
    let (first, before) = (made(of: 1), pages())
    let last = made(of: 100_000)
    Log.info("\(first + last) made, \(pages() - before < 500 ? "no memory" : "memory" as ByteString) kept")
    end()
}
