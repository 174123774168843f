import CLinux

/// Seconds on CLOCK_MONOTONIC.
public func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// How long a test waits for an expected event, in seconds. Far longer than any event needs: it ends a test that hangs.
public let patience = 300.0

/// Checks `condition` until it holds. Between two checks it sleeps four times as long as a check takes, at most 1 s, so
/// that the awaited program gets the processors.
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
