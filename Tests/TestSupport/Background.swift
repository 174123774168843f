import CTestSupport

/// A flag that one thread sets and another thread reads.
public final class Flag: @unchecked Sendable {
    /// The flag as C reads it; valid during the lifetime of this object.
    let value = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    public init() { value.initialize(to: 0) }
    deinit { value.deallocate() }

    public func set() { flag_set(value) }
    public var isSet: Bool { flag_is_set(value) != 0 }
}

/// Runs `body` on a thread of its own.
///
/// - Returns: A function that waits for the thread and returns the result of `body`.
public func inBackground<Result>(_ body: @escaping () throws -> Result) throws -> () throws -> Result {
    var result: Swift.Result<Result, any Error>?
    let thread = startThread { result = Swift.Result { try body() } }
    return {
        pthread_join(thread, nil)
        return try result!.get()
    }
}
