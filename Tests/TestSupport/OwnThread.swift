import CTestSupport
import Dispatch
import Testing

/// Gives a test a thread of its own, for one that waits for long. Other tests share as many threads as there are
/// processors, and a test that waits would keep one of those from the rest.
public struct OwnThread: SuiteTrait, TestTrait, TestScoping {
    /// Who keeps the processors busy all the time waits here until fewer do.
    private static let turns = DispatchSemaphore(value: 3)
    fileprivate let isBusy: Bool

    /// For a whole suite or test, not for each of its cases.
    public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        testCase == nil ? self : nil
    }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadPerJob(isNice: isBusy)) {
            guard isBusy else { return try await body() }
            waitForTurn()
            defer { Self.turns.signal() }
            try await body()
        }
    }

    private func waitForTurn() { Self.turns.wait() }
}

extension Trait where Self == OwnThread {
    public static var ownThread: Self { Self(isBusy: false) }
    /// For one that keeps the processors busy, with hundreds of programs that it starts. Only three of these go on at a time,
    /// and they, with all that they start, let the other tests go first: sched(7).
    public static var busyThread: Self { Self(isBusy: true) }
}

private final class ThreadPerJob: TaskExecutor {
    private let isNice: Bool

    init(isNice: Bool) { self.isNice = isNice }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        detachThread {
            if self.isNice { thread_be_nice(10) }
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
