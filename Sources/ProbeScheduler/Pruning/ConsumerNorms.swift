/// Norms of the consumer's weight columns, one entry an input channel.
///
/// The consumer is `o` in attention and `down` in the MLP. The norms never change, so scoring a
/// batch is O(channels).
public struct ConsumerNorms: Sendable, Equatable {
    /// Σ over outputs of `W⁴`, for Probe Pruning's PPsp score.
    public private(set) var fourthPowerSums: [Float]
    /// Σ over outputs of `|W|`, for Wanda-sp.
    public private(set) var absoluteSums: [Float]
    /// Σ over outputs of `W²`, for FLAP.
    public private(set) var squareSums: [Float]

    /// Norms of zero weights.
    public init(channelCount: Int) {
        fourthPowerSums = [Float](repeating: 0, count: channelCount)
        absoluteSums = fourthPowerSums
        squareSums = fourthPowerSums
    }

    /// Sets one channel's norms.
    ///
    /// - Parameters:
    ///   - channel: Input channel of the consumer.
    ///   - weights: The channel's weight to every output, `[hidden]`.
    public mutating func measure(channel: Int, weights: Span<Float>) {
        var (fourth, absolute, square) = (0.0, 0.0, 0.0)
        for output in weights.indices {
            let weight = Double(weights[output])
            absolute += weight.magnitude
            square += weight * weight
            fourth += weight * weight * weight * weight
        }
        fourthPowerSums[channel] = Float(fourth)
        absoluteSums[channel] = Float(absolute)
        squareSums[channel] = Float(square)
    }
}
