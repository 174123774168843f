/// Tells whether a text is the one that was seen before: FNV-1a with 64 bits (draft-eastlake-fnv). It is no protection
/// against a text that somebody has forged.
public struct Digest: Equatable, Sendable {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    public mutating func add(_ text: ByteString) {
        for byte in text.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // The end counts as a zero byte, so that two texts differ from one that holds both.
        hash = hash &* 0x100_0000_01b3
    }

    /// 16 hexadecimal digits.
    public var text: ByteString {
        var digits: [UInt8] = []
        for shift: UInt64 in stride(from: 60, through: 0, by: -4) {
            digits.append(UInt8(hexDigit: UInt8(truncatingIfNeeded: hash >> shift) & 15))
        }
        return ByteString(digits)
    }
}
