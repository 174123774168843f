import Basics

extension HostName: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral literal: String) {
        guard let name = HostName(ByteString(literal)) else { fatalError("'\(literal)' is no host name") }
        self = name
    }

    public var description: String { text.description }
}
