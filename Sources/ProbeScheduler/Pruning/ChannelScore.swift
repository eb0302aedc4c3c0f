/// How important a channel or a head is, from its activations and its consumer's weights.
///
/// Activations enter as `A[k]`, a sum of mean squares of consumer input `k` over positions. Formulas:
/// arXiv:2502.15618, §3.3 (PPsp), and structured Wanda as FLAP's authors define it.
public enum ChannelScore {
    /// PPsp of each unit of a block: its channels in the MLP, its heads in attention.
    public static func ppsp(
        _ activations: [Float],
        _ norms: ConsumerNorms,
        _ kind: PrunableBlock.Kind,
        _ shape: ModelShape
    ) -> [Float] {
        switch kind {
        case .attention: ppspHeads(activations, norms, headDimension: shape.headDimension)
        case .mlp: ppspChannels(activations, norms)
        }
    }

    /// Score of each unit of a block from those of its channels: a head has the sum of its own.
    public static func units(
        _ channels: [Float],
        _ kind: PrunableBlock.Kind,
        _ shape: ModelShape
    ) -> [Float] {
        kind == .mlp ? channels : heads(channels, headDimension: shape.headDimension)
    }

    /// PPsp of each MLP channel: `A_k · √(Σ_i W_ik⁴)`.
    public static func ppspChannels(_ activations: [Float], _ norms: ConsumerNorms) -> [Float] {
        zip(activations, norms.fourthPowerSums).map { $0 * $1.squareRoot() }
    }

    /// PPsp of each head: `√(Σ_{k ∈ head} A_k² · Σ_i W_ik⁴)`.
    ///
    /// - Parameters:
    ///   - activations: Shape `[heads × headDimension]`.
    ///   - norms: Of the output projection.
    ///   - headDimension: Channels a head.
    /// - Returns: One score a head.
    public static func ppspHeads(
        _ activations: [Float],
        _ norms: ConsumerNorms,
        headDimension: Int
    ) -> [Float] {
        heads(activations.count, headDimension) { channel in
            let activation = Double(activations[channel])
            return activation * activation * Double(norms.fourthPowerSums[channel])
        }.map { Float($0.squareRoot()) }
    }

    /// Wanda-sp of each channel: `√A_k · Σ_i |W_ik|`.
    public static func wandaChannels(_ activations: [Float], _ norms: ConsumerNorms) -> [Float] {
        zip(activations, norms.absoluteSums).map { $0.squareRoot() * $1 }
    }

    /// Sums the scores of each head's channels.
    public static func heads(_ channels: [Float], headDimension: Int) -> [Float] {
        heads(channels.count, headDimension) { Double(channels[$0]) }.map(Float.init)
    }

    private static func heads(
        _ channelCount: Int,
        _ headDimension: Int,
        _ value: (Int) -> Double
    ) -> [Double] {
        stride(from: 0, to: channelCount, by: headDimension).map { first in
            (first..<first + headDimension).reduce(0) { $0 + value($1) }
        }
    }
}
