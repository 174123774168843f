import CLinux

/// SplitMix64: the same seed gives the same random sequence.
public struct SeededGenerator: RandomNumberGenerator {
    /// The seed in DHCP_HOOK_SEED, if that is set.
    private static let given: UInt64? = getenv("DHCP_HOOK_SEED").map { text in
        guard let seed = UInt64(String(cString: text)) else { fatalError("DHCP_HOOK_SEED is not a number") }
        return seed
    }

    /// The seed of all random tests of this process: the given one, or else a new one each time. It is printed, without
    /// a buffer, as soon as it is needed, so that it can be read even if the tests crash.
    public static let seed: UInt64 = {
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        let line = "the random tests can be repeated with DHCP_HOOK_SEED=\(seed)\n"
        _ = write(2, line, line.utf8.count)
        return seed
    }()

    private var state: UInt64

    /// - Parameter number: Another number gives another sequence, for tests that need several.
    public init(_ number: UInt64 = 0) {
        state = SeededGenerator.seed &+ number
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
