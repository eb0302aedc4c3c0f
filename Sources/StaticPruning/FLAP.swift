public import ProbeScheduler

/// Fluctuation-based adaptive structured pruning (arXiv:2312.11983, AAAI 2024).
///
/// Score of channel `k`: `F_k · Σ_i W_ik²`, its fluctuation over the calibration times its consumer's
/// squared weights. Scores are standardised within each block and ranked over all blocks, so blocks
/// keep different shares; the mean of what is removed comes back as a bias.
public struct FLAP: Sendable {
    /// Sizes of the model.
    public let shape: ModelShape
    /// Norms of every block's consumer.
    public let norms: [PrunableBlock: ConsumerNorms]
    /// Which layers are pruned, and how counts are rounded.
    public let policy: RatioPolicy
    /// Whose version.
    public let preset: StaticPreset

    /// A way to make a plan.
    public init(
        shape: ModelShape,
        norms: [PrunableBlock: ConsumerNorms],
        policy: RatioPolicy,
        preset: StaticPreset
    ) {
        self.shape = shape
        self.norms = norms
        self.policy = policy
        self.preset = preset
    }

    /// The masks and means that calibration statistics give.
    ///
    /// - Parameter history: Statistics of dense passes, with moments.
    /// - Returns: A mask and the expected input of each block that the policy prunes.
    /// - Throws: `StaticPruningError`.
    public func plan(_ history: ProbeHistory) throws(StaticPruningError) -> StaticPlan {
        guard let moments = history.moments else { throw .noMoments(.flap, preset) }
        var scores: [PrunableBlock: [Float]] = [:]
        var expected: [PrunableBlock: ExpectedInput] = [:]
        for block in shape.blocks where policy.prunes(layer: block.layer, of: shape) {
            guard let norms = norms[block] else { continue }
            let (fluctuations, means) = try estimates(moments[block.index])
            scores[block] = channelScores(block, fluctuations, norms)
            expected[block] = ExpectedInput(means: means)
        }
        let allocation = AdaptiveAllocation(shape: shape, policy: policy, costs: costs(history))
        let kept = try allocation.keptCounts(scores)
        var masks: [PrunableBlock: ChannelMask] = [:]
        for (block, count) in kept {
            let units = ChannelScore.units(scores[block] ?? [], block.kind, shape)
            do { masks[block] = try ChannelMask(keepingTop: count, of: units) } catch {
                throw .mask(error, layer: block.layer, kind: block.kind)
            }
        }
        return StaticPlan(masks: masks, expectedInputs: expected)
    }

    /// Fluctuation and mean of each channel, as the preset estimates them.
    private func estimates(
        _ moments: ChannelMoments
    ) throws(StaticPruningError) -> (fluctuations: [Float], means: [Float]) {
        if preset == .paper { return (moments.variances, moments.means) }
        guard let running = moments.running else { throw .merged(preset) }
        switch preset {
        case .released: return (running.released, running.sampleMeans)
        case .pp: return (running.reimplemented, running.reimplementedMeans)
        case .ppCorrected, .paper: return (running.corrected, running.sampleMeans)
        }
    }

    /// FLAP's WIFV; its released code squares it once more in attention, which the paper does not.
    private func channelScores(
        _ block: PrunableBlock,
        _ fluctuations: [Float],
        _ norms: ConsumerNorms
    ) -> [Float] {
        let scores = zip(fluctuations, norms.squareSums).map(*)
        guard preset == .released, block.kind == .attention else { return scores }
        return scores.map { $0 * $0 }
    }

    /// What removing a unit saves, in MLP channels.
    private func costs(_ history: ProbeHistory) -> AllocationCosts {
        let head = Double(shape.headDimension)
        let matrices = shape.isGated ? 3.0 : 2.0
        // Under GQA a query head takes rows of q and o with it, under MHA those of k and v as well;
        // here keys and values always stay, so a head saves q and o.
        let isGrouped = shape.kvHeadCount != shape.headCount
        switch preset {
        case .paper:
            return AllocationCosts(head: 2 * head / matrices, stops: .nearest)
        case .released:
            return AllocationCosts(head: (2 * head / matrices).rounded(.down), stops: .nearest)
        case .pp, .ppCorrected:
            let attentionCore =
                2 * Double(history.positionCount) * head / Double(shape.hiddenSize)
            let linear = (isGrouped ? 2.0 : 4.0) * head
            return AllocationCosts(head: (linear + attentionCore) / matrices, stops: .reached)
        }
    }
}
