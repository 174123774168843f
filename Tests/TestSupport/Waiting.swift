import CLinux

/// Seconds on CLOCK_MONOTONIC.
public func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Waits until `condition` holds, and checks every 10 ms. It is for changes that nothing tells of.
public func eventually(_ what: String, within seconds: Double = 20, _ condition: () throws -> Bool) throws {
    let end = now() + seconds
    while try !condition() {
        guard now() < end else { throw Failure("not within \(seconds) s: \(what)") }
        poll(nil, 0, 10)
    }
}
