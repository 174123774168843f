extension ByteString {
    /// FNV-1a with 64 bits (draft-eastlake-fnv), as 16 hexadecimal digits. Detects changes, not forgery.
    public var digest: ByteString {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return ByteString(hexadecimal: hash, digits: 16)
    }
}
