import Basics
import CLinux

extension StaticString {
    /// As C wants it. (A `String` literal would do, but bring 4 KB onto a router.)
    var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}

/// Runs a system call again as long as a signal interrupts it (EINTR). The one place that does so.
/// - Parameter body: A call that returns -1 and sets errno if it fails.
/// - Returns: What the call returned, or -1 with the errno in `failure`.
@inline(__always) public func retrying<Number: SignedInteger>(failure: inout Int32, _ body: () -> Number) -> Number {
    while true {
        let result = body()
        if result != -1 { return result }
        failure = linux_errno()
        if failure != EINTR { return result }
    }
}

extension Fault {
    /// A fault whose message ends with what the system says of `errno`, as in strerror(3).
    public convenience init(_ code: Code, _ message: ByteString, system errno: Int32) {
        self.init(code, "\(message): \(ByteString(cString: strerror(errno)))", errno: errno)
    }

    /// There is a symbolic link or a folder where a file is opened, or something else that is none: ELOOP, EISDIR.
    public var isNoFile: Bool { errno == ELOOP || errno == EISDIR }
    /// There is nothing at the path, or the folder that it leads through is missing: ENOENT.
    public var isMissing: Bool { errno == ENOENT }
}

/// Runs a system call on `path`, again if a signal interrupts it.
/// - Parameter expected: An errno that is an answer rather than a fault.
/// - Returns: What the call returned; -1 for what was expected.
/// - Throws: `cannotCreate` with "PATH: can't VERB: REASON".
@discardableResult func onPath(
    _ path: ByteString, to verb: StaticString, unless expected: Int32 = 0, _ body: (UnsafePointer<CChar>) -> Int32
) throws(Fault) -> Int32 {
    var failure: Int32 = 0
    let result = path.withCString { name in retrying(failure: &failure) { body(name) } }
    if result == -1, failure != expected {
        throw Fault(.cannotCreate, "\(path): can't \(literal: verb)", system: failure)
    }
    return result
}
