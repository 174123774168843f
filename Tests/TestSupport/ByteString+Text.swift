import Basics

extension ByteString: CustomStringConvertible {
    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension Fault: CustomStringConvertible {
    public var description: String { "\(code): \(message)" }
}
