extension ByteString {
    /// Tells whether a text is the one that was seen before: 16 hexadecimal digits, FNV-1a with 64 bits (draft-eastlake-fnv). It
    /// is no protection against a text that somebody has forged.
    public var digest: ByteString {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return ByteString(hexadecimal: hash, digits: 16)
    }
}
