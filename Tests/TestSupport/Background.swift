import CTestSupport

/// Something that one thread tells another, once.
public final class Flag: @unchecked Sendable {
    /// For C. Only as long as somebody holds the flag.
    let value = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    public init() { value.initialize(to: 0) }
    deinit { value.deallocate() }

    public func set() { flag_set(value) }
    public var isSet: Bool { flag_is_set(value) != 0 }
}

/// Runs `body` on a thread of its own.
///
/// - Returns: What waits for its end and has its result.
public func inBackground<Result>(_ body: @escaping () throws -> Result) throws -> () throws -> Result {
    var result: Swift.Result<Result, any Error>?
    let thread = startThread { result = Swift.Result { try body() } }
    return {
        pthread_join(thread, nil)
        return try result!.get()
    }
}
