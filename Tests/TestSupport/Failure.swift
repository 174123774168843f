/// Thrown if a test's surroundings fail, or an expected event does not come in time.
public struct Failure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
