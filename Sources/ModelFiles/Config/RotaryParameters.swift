import Foundation

/// How the heads of a layer are rotated.
public struct RotaryParameters: Sendable, Equatable {
    /// Which two numbers of a head form a pair that is rotated.
    public enum Layout: Sendable, Equatable {
        /// Neighbours: `2i` and `2i + 1`. GGUF files of llama have their rows permuted for this.
        case interleaved
        /// `i` and `i + dimensionCount / 2`: everything from Hugging Face, and other GGUF files.
        case halves
    }

    /// How frequencies are changed so that a model reaches further than it was first trained.
    public enum Scaling: Sendable, Equatable {
        /// Not at all.
        case none
        /// All are divided by the factor.
        case linear(Float)
        /// Low ones are divided, high ones kept, those between are mixed (Llama 3.1).
        case llama3(factor: Float, low: Float, high: Float, originalContextLength: Int)
        /// Each is divided by its own factor (`rope_freqs.weight`), `[dimensionCount / 2]`.
        case factors([Float])
    }

    /// Which numbers are pairs.
    public let layout: Layout
    /// Base of the frequencies.
    public let theta: Float
    /// Dimensions of a head that are rotated, the first ones; even.
    public let dimensionCount: Int
    /// Change of the frequencies.
    public let scaling: Scaling

    /// The angle by which each pair turns from one position to the next, in radians,
    /// `[dimensionCount / 2]`.
    public var inverseFrequencies: [Double] {
        (0..<dimensionCount / 2).map { pair in
            scaled(pow(Double(theta), -Double(2 * pair) / Double(dimensionCount)), pair)
        }
    }

    private func scaled(_ frequency: Double, _ pair: Int) -> Double {
        switch scaling {
        case .none: return frequency
        case .linear(let factor): return frequency / Double(factor)
        case .factors(let factors): return frequency / Double(factors[pair])
        case .llama3(let factor, let low, let high, let originalContextLength):
            // Turns that the pair makes within the original context.
            let turns = Double(originalContextLength) * frequency / (2 * Double.pi)
            if turns > Double(high) { return frequency }
            if turns < Double(low) { return frequency / Double(factor) }
            let share = (turns - Double(low)) / Double(high - low)
            return (1 - share) * frequency / Double(factor) + share * frequency
        }
    }
}

/// What sets the attention of one layer apart from that of others.
public struct LayerAttention: Sendable, Equatable {
    /// A token sees itself and the tokens before it, so many in all; nil: all of them.
    public let window: Int?
    /// How queries and keys are rotated; nil with learned positions.
    public let rotary: RotaryParameters?
}
