import CLinux
import CTestSupport

/// Runs `body` in the network namespace of a process (network_namespaces(7)), on a thread of its own.
///
/// - Parameter user: The user that the thread becomes; nil keeps the test's user.
public func inNetwork<Result>(
    of process: String, as user: uid_t? = nil, _ body: @escaping () throws -> Result
) throws -> Result {
    var result: Swift.Result<Result, any Error>?
    let thread = startThread {
        result = Swift.Result {
            let namespace = linux_open("/proc/\(process)/ns/net", O_RDONLY | O_CLOEXEC, 0)
            defer { close(namespace) }
            guard thread_enter_network(namespace) == 0 else { throw Failure("can't enter the network of \(process)") }
            if let user, thread_become_user(user) != 0 { throw Failure("can't become user \(user)") }
            return try body()
        }
    }
    pthread_join(thread, nil)
    return try result!.get()
}
