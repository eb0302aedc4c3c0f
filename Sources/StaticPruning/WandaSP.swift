public import ProbeScheduler

/// Structured Wanda: one mask for all batches, from calibration statistics.
///
/// Score of channel `k`: `√(Σ x²) · Σ_i |W_ik|` over the calibration's tokens; a head scores the sum over
/// its channels. Dense statistics, uniform ratio, no compensation. FLAP's authors take the mean of
/// `|W|` and of `x²` instead of sums, which changes no ranking within a block.
public struct WandaSP: Sendable {
    /// Sizes of the model.
    public let shape: ModelShape
    /// Norms of every block's consumer.
    public let norms: [PrunableBlock: ConsumerNorms]
    /// How much is kept where.
    public let policy: RatioPolicy

    /// A way to make masks.
    public init(
        shape: ModelShape,
        norms: [PrunableBlock: ConsumerNorms],
        policy: RatioPolicy
    ) {
        self.shape = shape
        self.norms = norms
        self.policy = policy
    }

    /// The masks that calibration statistics give.
    ///
    /// - Parameter history: Statistics of dense passes.
    /// - Returns: A mask for each block that the policy prunes.
    /// - Throws: `StaticPruningError.mask` when a score is not finite.
    public func masks(
        _ history: ProbeHistory
    ) throws(StaticPruningError) -> [PrunableBlock: ChannelMask] {
        try UniformSelection(shape: shape, policy: policy).masks { block in
            guard let norms = norms[block] else { return [] }
            let channels = ChannelScore.wandaChannels(history.activationSums(block), norms)
            return ChannelScore.units(channels, block.kind, shape)
        }
    }
}
