import Testing

/// Gives a test a thread of its own, for one that waits for long. Other tests share as many threads as there are
/// processors, and a test that waits would keep one of those from the rest.
public struct OwnThread: SuiteTrait, TestTrait, TestScoping {
    /// For a whole suite or test, not for each of its cases.
    public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        testCase == nil ? self : nil
    }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadPerJob()) { try await body() }
    }
}

extension Trait where Self == OwnThread {
    public static var ownThread: Self { Self() }
}

private final class ThreadPerJob: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        detachThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
