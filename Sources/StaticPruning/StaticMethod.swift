public import ProbeScheduler

/// The static methods: one mask for all batches, from weights and calibration statistics.
public enum StaticMethod: String, Sendable, CaseIterable {
    /// Norm of the consumer's weights alone.
    case magnitude
    /// Structured Wanda: weights times activations.
    case wandaSP = "wanda-sp"
    /// Fluctuation-based adaptive pruning (arXiv:2312.11983), with bias compensation.
    case flap
    /// Probe Pruning's score from calibration alone: what it would do without a probe.
    case ppsp

    /// Decides once for all batches.
    ///
    /// - Parameters:
    ///   - shape: Sizes of the model.
    ///   - norms: Norms of every block's consumer.
    ///   - ratio: Share to remove, in `0..<1`; 0 removes nothing.
    ///   - preset: Whose version.
    ///   - history: Statistics of dense passes; `magnitude` needs none.
    /// - Returns: The masks, and what is compensated.
    /// - Throws: `StaticPruningError`.
    public func plan(
        shape: ModelShape,
        norms: [PrunableBlock: ConsumerNorms],
        ratio: Double,
        preset: StaticPreset,
        history: ProbeHistory?
    ) throws(StaticPruningError) -> StaticPlan {
        guard ratio > 0 else { return StaticPlan(masks: [:]) }
        let policy = preset.policy(ratio: ratio)
        let selection = UniformSelection(shape: shape, policy: policy)
        if self == .magnitude {
            return StaticPlan(
                masks: try selection.masks { block in
                    let channels = norms[block]?.squareSums.map { $0.squareRoot() } ?? []
                    return ChannelScore.units(channels, block.kind, shape)
                }
            )
        }
        guard let history else { throw .noHistory(self) }
        switch self {
        case .flap:
            let method = FLAP(shape: shape, norms: norms, policy: policy, preset: preset)
            return try method.plan(history)
        case .wandaSP, .magnitude:
            let method = WandaSP(shape: shape, norms: norms, policy: policy)
            try requireMoments(history, shape, policy, preset)
            return StaticPlan(masks: try method.masks(history))
        case .ppsp:
            try requireMoments(history, shape, policy, preset)
            return StaticPlan(
                masks: try selection.masks { block in
                    guard let norms = norms[block] else { return [] }
                    let activations = history.activationSums(block)
                    return ChannelScore.ppsp(activations, norms, block.kind, shape)
                }
            )
        }
    }

    /// A history keeps positions apart for the layers that Probe Pruning prunes, moments for all.
    private func requireMoments(
        _ history: ProbeHistory,
        _ shape: ModelShape,
        _ policy: RatioPolicy,
        _ preset: StaticPreset
    ) throws(StaticPruningError) {
        let isCovered = shape.blocks.allSatisfy { block in
            !policy.prunes(layer: block.layer, of: shape) || history.covers(block)
        }
        guard isCovered || history.moments != nil else { throw .noMoments(self, preset) }
    }
}

extension ProbeHistory {
    /// Sums of mean squares over positions where they are kept apart, else the mean square of the
    /// moments: one factor a block apart, which changes no ranking.
    func activationSums(_ block: PrunableBlock) -> [Float] {
        covers(block) ? sums(block) : moments?[block.index].meanSquares ?? []
    }
}
