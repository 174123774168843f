import CLinux
import Testing

/// Whether all tests run, or only the tests that each commit needs. `.ci/all` sets TESTS=all.
public enum Extent {
    public static let isAll = getenv("TESTS").map { String(cString: $0) } == "all"

    /// The first case of a scenario, or all cases.
    public static func cases<Case>(_ first: Case, _ others: Case...) -> [Case] { isAll ? [first] + others : [first] }
}

extension Trait where Self == ConditionTrait {
    /// Marks a test that only `.ci/all` runs.
    ///
    /// - Parameter reason: Why a commit does not need the test.
    public static func onlyInAll(_ reason: Comment) -> Self { .enabled(if: Extent.isAll, reason) }
}
