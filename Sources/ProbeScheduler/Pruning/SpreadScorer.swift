/// Scores a block's channels by what a bias in their place cannot bring back.
///
/// Importance is the mean squared deviation of a channel from its expected value times its consumer's
/// squared weights. What a batch shows is trusted by its number of rows; the calibration counts as
/// `baselineRows`, because it may be of another domain.
struct SpreadScorer: Sendable {
    /// How much is kept where.
    var policy: RatioPolicy {
        didSet { kept = HeadExchange(policy, shape) }
    }
    /// Units that a pruned layer keeps.
    private(set) var kept: HeadExchange
    /// Sizes of the model.
    let shape: ModelShape
    /// What calibration says, where there is one.
    let baselines: [PrunableBlock: ChannelBaseline]
    private let norms: [PrunableBlock: ConsumerNorms]

    /// Rows of a batch that calibration counts for.
    ///
    /// Measured on SmolLM2-135M at 40 %, one batch of 20 × 256, heads as published: perplexity 75.2 with
    /// 32, 71.5 with 128, 76.4 with 512. One batch is thin evidence.
    private static let baselineRows = 128.0

    init(
        shape: ModelShape,
        norms: [PrunableBlock: ConsumerNorms],
        policy: RatioPolicy,
        history: ProbeHistory?
    ) {
        self.shape = shape
        self.norms = norms
        self.policy = policy
        kept = HeadExchange(policy, shape)
        var baselines: [PrunableBlock: ChannelBaseline] = [:]
        for block in shape.blocks {
            baselines[block] = history.flatMap { ChannelBaseline($0, block) }
        }
        self.baselines = baselines
    }

    /// Whether channels or heads of a block are removed at all.
    func prunes(_ block: PrunableBlock) -> Bool {
        policy.prunes(layer: block.layer, of: shape) && norms[block] != nil
            && (block.kind == .mlp || kept.headCount < shape.headCount)
    }

    /// Expected value of each channel after the first position, from a batch's own means over `rows`.
    func means(_ own: [Float], rows: Int, of block: PrunableBlock) -> [Float] {
        baselines[block].map { blend($0.laterMeans, own, rows) } ?? own
    }

    /// Mean squared deviation of each channel, from a batch's own over `rows`.
    func deviations(_ own: [Float], rows: Int, of block: PrunableBlock) -> [Float] {
        baselines[block].map { blend($0.laterVariances, own, rows) } ?? own
    }

    /// Scores of a block's channels or heads, and what is kept.
    ///
    /// - Throws: `MaskError` when a score is not finite.
    func choose(
        _ block: PrunableBlock,
        deviations: [Float]
    ) throws(MaskError) -> (scores: [Float], mask: ChannelMask) {
        let weights = norms[block]?.squareSums ?? []
        let scores = ChannelScore.units(zip(deviations, weights).map(*), block.kind, shape)
        let count = block.kind == .attention ? kept.headCount : kept.channelCount
        return (scores, try ChannelMask(keepingTop: count, of: scores))
    }

    private func blend(_ past: [Float], _ own: [Float], _ rows: Int) -> [Float] {
        let share = Float(Double(rows) / (Double(rows) + Self.baselineRows))
        return zip(past, own).map { $0 + share * ($1 - $0) }
    }
}
