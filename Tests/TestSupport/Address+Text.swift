import Basics
import Network

extension Address: ExpressibleByStringInterpolation, CustomStringConvertible {
    /// - Parameter literal: An address or a prefix.
    public init(stringLiteral literal: String) {
        guard let address = Address(orPrefix: ByteString(literal)) else { fatalError("'\(literal)' is no address") }
        self = address
    }

    public var description: String { text.description }
}
