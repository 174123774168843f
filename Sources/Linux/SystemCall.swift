import Basics
import CLinux

extension StaticString {
    /// The literal as a C string. A `String` literal takes more code on a router.
    var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}

/// Repeats a system call while a signal interrupts it (EINTR). After -1, `failure` is the errno.
@inline(__always) public func retrying<Number: SignedInteger>(failure: inout Int32, _ body: () -> Number) -> Number {
    while true {
        let result = body()
        if result != -1 { return result }
        failure = linux_errno()
        if failure != EINTR { return result }
    }
}

extension Fault {
    /// Makes a fault with "MESSAGE: REASON", the reason from strerror(3).
    public convenience init(_ code: Code, _ message: ByteString, system errno: Int32) {
        self.init(code, "\(message): \(ByteString(cString: strerror(errno)))", errno: errno)
    }

    /// ELOOP or EISDIR: a link, folder, FIFO or device is in the place of a file.
    public var isNoFile: Bool { errno == ELOOP || errno == EISDIR }
    /// ENOENT: the path, or a folder in it, is missing.
    public var isMissing: Bool { errno == ENOENT }
}

/// Runs a system call on `path`, and repeats it while a signal interrupts it.
/// - Parameter expected: An errno that is no fault. The result is -1.
/// - Throws: `cannotCreate`, with the errno and "PATH: can't VERB: REASON".
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
