import CTestSupport
import Dispatch
import Testing

/// Gives each test a thread of its own, and lets a few of these tests run at a time.
///
/// All other tests share one thread for each processor, which a test that waits for a program would block.
public struct OwnThread: SuiteTrait, TestTrait, TestScoping {
    /// Tests that mostly wait.
    private static let places = DispatchSemaphore(value: 8)
    /// Tests that keep a processor busy.
    private static let busyPlaces = DispatchSemaphore(value: 2)
    fileprivate let isBusy: Bool

    public var isRecursive: Bool { true }

    public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        testCase == nil ? nil : self
    }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadPerJob()) {
            let places = isBusy ? Self.busyPlaces : Self.places
            Self.wait(for: places)
            defer { places.signal() }
            try await body()
        }
    }

    /// Blocks this thread, which no other test uses.
    private static func wait(for places: DispatchSemaphore) { places.wait() }
}

extension Trait where Self == OwnThread {
    /// Marks a suite of tests that start programs and wait for them.
    public static var ownThread: Self { Self(isBusy: false) }
    /// Marks a suite of tests that start hundreds of programs.
    public static var busyThread: Self { Self(isBusy: true) }
}

private final class ThreadPerJob: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        detachThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
