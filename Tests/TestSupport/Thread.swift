import CTestSupport

/// Runs `body` on a detached thread.
public func detachThread(_ body: @escaping () -> Void) {
    pthread_detach(startThread(body))
}

/// Runs `body` on a thread. The caller must join or detach the thread.
func startThread(_ body: @escaping () -> Void) -> pthread_t {
    var thread = pthread_t()
    let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { work in
        Unmanaged<Work>.fromOpaque(work!).takeRetainedValue().body()
        return nil
    }
    let status = pthread_create(&thread, nil, run, Unmanaged.passRetained(Work(body)).toOpaque())
    precondition(status == 0, "no thread")
    return thread
}

private final class Work {
    let body: () -> Void

    init(_ body: @escaping () -> Void) {
        self.body = body
    }
}
