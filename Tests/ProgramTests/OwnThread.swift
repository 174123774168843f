import TestSupport
import Testing

/// For what mostly waits, and long: it has a thread of its own from the start. Those of the other tests are as many as the
/// processors, and a test that waits keeps one of them.
struct OwnThread: SuiteTrait, TestTrait, TestScoping {
    /// All of a suite or a test, not each of its cases.
    func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        testCase == nil ? self : nil
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadPerJob()) { try await body() }
    }
}

extension Trait where Self == OwnThread {
    static var ownThread: Self { Self() }
}

private final class ThreadPerJob: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        detachThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
