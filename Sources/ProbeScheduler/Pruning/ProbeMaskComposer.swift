/// Composes decode masks by Probe Pruning's rules.
///
/// The members' mean squares are averaged, fused with the history's mean over positions by the
/// paper's rule, and scored as a probe's would be.
public struct ProbeMaskComposer: DecodeMaskComposer {
    private let shape: ModelShape
    private let policy: RatioPolicy
    private let norms: [PrunableBlock: ConsumerNorms]
    private let historyMeans: [PrunableBlock: [Float]]

    /// - Parameters:
    ///   - shape: Sizes of the model.
    ///   - policy: How much is kept where.
    ///   - norms: Norms of every block's consumer.
    ///   - history: Statistics of earlier batches, if there are any.
    public init(
        shape: ModelShape,
        policy: RatioPolicy,
        norms: [PrunableBlock: ConsumerNorms],
        history: ProbeHistory?
    ) {
        self.shape = shape
        self.policy = policy
        self.norms = norms
        var means: [PrunableBlock: [Float]] = [:]
        if let history {
            for block in shape.blocks where history.covers(block) {
                means[block] = history.means(block)
            }
        }
        historyMeans = means
    }

    /// Masks of every block that the policy prunes.
    public func pruner(for members: [SequenceStatistics]) throws(MaskError) -> StaticPruner {
        var masks: [PrunableBlock: ChannelMask] = [:]
        for block in shape.blocks where policy.prunes(layer: block.layer, of: shape) {
            let known = members.compactMap { $0[block]?.meanSquares }
            guard !known.isEmpty, let norms = norms[block] else { continue }
            let activations = fused(known, history: historyMeans[block])
            let scores = ChannelScore.ppsp(activations, norms, block.kind, shape)
            masks[block] = try ChannelMask(keepingTop: policy.kept(block.kind, shape), of: scores)
        }
        return StaticPruner(masks: masks)
    }

    private func fused(_ members: [[Float]], history: [Float]?) -> [Float] {
        (0..<members[0].count).map { channel in
            let own = members.reduce(Float(0)) { $0 + $1[channel] } / Float(members.count)
            guard let history else { return own }
            let past = history[channel]
            let share = own / (own + past + 1e-6)
            return (1 - share) * past + share * own
        }
    }
}
