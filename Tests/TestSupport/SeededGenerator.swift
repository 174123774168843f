import CLinux

/// SplitMix64: a seed always gives one random sequence.
public struct SeededGenerator: RandomNumberGenerator {
    /// The seed in the variable DHCP_HOOK_SEED.
    private static let given: UInt64? = getenv("DHCP_HOOK_SEED").map { text in
        guard let seed = UInt64(String(cString: text)) else { fatalError("DHCP_HOOK_SEED is not a number") }
        return seed
    }

    /// The seed of all random tests of this process: DHCP_HOOK_SEED, or a new number. It is printed without a buffer,
    /// so that a crash does not lose it.
    public static let seed: UInt64 = {
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        let line = "the random tests can be repeated with DHCP_HOOK_SEED=\(seed)\n"
        _ = write(2, line, line.utf8.count)
        return seed
    }()

    private var state: UInt64

    /// - Parameter number: The number of the sequence, in a test that needs several.
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
