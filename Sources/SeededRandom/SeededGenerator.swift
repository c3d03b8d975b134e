/// Draws that come out the same for the same seed, everywhere: SplitMix64.
///
/// For tests that must be repeatable; print the seed of each run. Not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Begins at a seed.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A generator of its own for another purpose, so that more draws for the one change nothing for the other.
    public mutating func split() -> SeededGenerator { SeededGenerator(seed: next()) }

    /// Whether an event of this probability happens this time.
    ///
    /// - Parameter probability: From 0, never, to 1, always.
    /// - Returns: Whether it does.
    public mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}
