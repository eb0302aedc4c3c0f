public import ProbeScheduler

/// Structured Wanda: one mask for all batches, from calibration statistics.
///
/// Score of channel `k`: `√(Σ_t g[t, k]) · Σ_i |W_ik|` with the history's mean squares `g` summed over
/// positions; a head scores the sum over its channels. This is the form that Probe Pruning's authors
/// compare with: dense statistics, uniform ratio, first layers skipped, no compensation.
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
    /// - Throws: `MaskError` when a score is not finite.
    public func masks(_ history: ProbeHistory) throws(MaskError) -> [PrunableBlock: ChannelMask] {
        var masks: [PrunableBlock: ChannelMask] = [:]
        for block in shape.blocks where policy.prunes(layer: block.layer, of: shape) {
            guard let norms = norms[block] else { continue }
            let sums = history.sums(block)
            let scores =
                switch block.kind {
                case .attention:
                    ChannelScore.wandaHeads(sums, norms, headDimension: shape.headDimension)
                case .mlp: ChannelScore.wandaChannels(sums, norms)
                }
            masks[block] = try ChannelMask(keepingTop: policy.kept(block.kind, shape), of: scores)
        }
        return masks
    }
}
