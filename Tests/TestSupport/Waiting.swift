import CLinux

/// Seconds on CLOCK_MONOTONIC.
public func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// In seconds: how long a test waits for what has to come. It says nothing of how fast that is to be: it is long enough on a
/// busy machine, and ends a test that hangs.
public let patience = 120.0

/// Waits until `condition` holds. It is for changes that nothing tells of. Between checks it rests four times as long as
/// one takes, a second at most, so that the processors are left to what it waits for.
public func eventually(
    _ what: @autoclosure () throws -> String, within seconds: Double = patience, _ condition: () throws -> Bool
) throws {
    let end = now() + seconds
    while true {
        let start = now()
        if try condition() { return }
        guard now() < end else { throw try Failure("not within \(seconds) s: \(what())") }
        poll(nil, 0, min(1_000, max(10, Int32((now() - start) * 4_000))))
    }
}
