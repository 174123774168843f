import Basics
import CLinux

public enum Network {
    /// An IPv4 or IPv6 address in the one spelling of inet_ntop(3); nil if inet_pton(3) knows it as neither.
    public static func canonical(address: ByteString) -> ByteString? {
        Address(address)?.text
    }
}

/// An IPv4 or IPv6 address as it goes over the wire: 4 or 16 bytes.
public struct Address: Equatable, Sendable {
    public let bytes: [UInt8]

    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// inet_pton(3); nil if that knows it as neither.
    public init?(_ text: ByteString) {
        var binary = [UInt8](repeating: 0, count: 16)
        if text.withCString({ inet_pton(AF_INET, $0, &binary) }) == 1 {
            bytes = Array(binary[..<4])
        } else if text.withCString({ inet_pton(AF_INET6, $0, &binary) }) == 1 {
            bytes = binary
        } else {
            return nil
        }
    }

    public var isIPv4: Bool { bytes.count == 4 }

    /// inet_ntop(3).
    public var text: ByteString {
        var text = [CChar](repeating: 0, count: 64)
        inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return ByteString(cString: text)
    }
}
