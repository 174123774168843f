import Basics
import CLinux

public enum Network {
    /// An IPv4 or IPv6 address in the one spelling of inet_ntop(3); nil if inet_pton(3) knows it as neither.
    public static func canonical(address: ByteString) -> ByteString? {
        for family in [AF_INET, AF_INET6] {
            var binary = [UInt8](repeating: 0, count: 16)
            var text = [CChar](repeating: 0, count: 64)
            guard address.withCString({ inet_pton(family, $0, &binary) }) == 1,
                inet_ntop(family, binary, &text, socklen_t(text.count)) != nil
            else { continue }
            return ByteString(cString: text)
        }
        return nil
    }
}
