import Basics

extension HostName: ExpressibleByStringLiteral, CustomStringConvertible {
    /// - Parameter literal: A host name, or empty.
    public init(stringLiteral literal: String) {
        guard !literal.isEmpty else {
            self = .none
            return
        }
        guard let name = HostName(ByteString(literal)) else { fatalError("'\(literal)' is no host name") }
        self = name
    }

    public var description: String { text.description }
}
