import CLinux

/// Seconds on CLOCK_MONOTONIC.
public func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// How long a test waits for what has to come, in seconds. It ends a test that hangs, and says nothing of how fast a machine
/// must be.
public let patience = 300.0

/// Waits until `condition` holds. It is for changes that nothing tells of. Between checks it rests four times as long as
/// one takes, a second at most, so that the processors are left to what it waits for.
public func eventually(
    _ what: @autoclosure () throws -> String, _ condition: () throws -> Bool
) throws {
    let end = now() + patience
    while true {
        let start = now()
        if try condition() { return }
        guard now() < end else { throw try Failure("not within \(patience) s: \(what())") }
        poll(nil, 0, min(1_000, max(10, Int32((now() - start) * 4_000))))
    }
}
