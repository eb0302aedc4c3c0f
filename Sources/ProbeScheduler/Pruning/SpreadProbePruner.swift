public import Kernels

/// A probe that looks at every sample, scores what compensation cannot bring back, and compensates.
///
/// Ours, beside Probe Pruning and at its cost. The MLP's probe has as many rows as the published grid,
/// but spread evenly over all samples, with one first position among them. What a removed channel
/// does on average comes back as a bias, one for first positions and one for all other rows. So a
/// channel's importance is its mean squared *deviation* from that average times its consumer's squared
/// weights. The probe and the calibration are trusted by their number of rows; the calibration's weight is
/// bounded, because it may be of another domain. Heads stay where channels can pay for them
/// (`HeadExchange`); where all do, attention needs no probe. Calibration never moves on, so a batch's
/// masks do not depend on earlier batches.
public final class SpreadProbePruner: Pruner {
    /// Sizes of the model.
    public let shape: ModelShape
    /// How much is kept where.
    public let policy: RatioPolicy
    /// The probe's size.
    public let configuration: ProbeConfiguration
    /// Told of every mask that is made.
    public var onDecision: ((BlockDecision) -> Void)?

    private let norms: [PrunableBlock: ConsumerNorms]
    private let kept: HeadExchange
    private let baselines: [PrunableBlock: ChannelBaseline]
    private var expected: [PrunableBlock: ExpectedInput] = [:]
    private var residualNorms: [Float] = []
    private var states = Activations()

    /// Rows of a probe that calibration counts for.
    ///
    /// Measured on SmolLM2-135M at 40 %, one batch of 20 × 256, heads as published: perplexity 75.2 with
    /// 32, 71.5 with 128, 76.4 with 512. One batch is thin evidence.
    private static let baselineRows = 128.0

    /// - Parameters:
    ///   - shape: Sizes of the model.
    ///   - norms: Norms of every block's consumer.
    ///   - policy: How much is kept where.
    ///   - configuration: The probe's size.
    ///   - history: Calibration with moments; without it the probe alone decides and compensates.
    public init(
        shape: ModelShape,
        norms: [PrunableBlock: ConsumerNorms],
        policy: RatioPolicy,
        configuration: ProbeConfiguration,
        history: ProbeHistory?
    ) {
        self.shape = shape
        self.norms = norms
        self.policy = policy
        self.configuration = configuration
        kept = HeadExchange(policy, shape)
        var baselines: [PrunableBlock: ChannelBaseline] = [:]
        for block in shape.blocks {
            baselines[block] = history.flatMap { ChannelBaseline($0, block) }
        }
        self.baselines = baselines
    }

    /// Probes the batch and keeps the channels that a bias replaces worst; nil in layers that stay dense.
    public func mask(
        for block: PrunableBlock,
        residual: borrowing Activations,
        normed: borrowing Activations,
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask? {
        guard policy.prunes(layer: block.layer, of: shape), let norms = norms[block],
            block.kind == .mlp || kept.headCount < shape.headCount
        else { return nil }
        compute.rowSquaredNorms(residual, into: &residualNorms)
        var selection = ProbeSelection(
            squaredNorms: residualNorms,
            layout: layout,
            tokenRatio: configuration.tokenRatio,
            sampleRatio: configuration.sampleRatio
        )
        if block.kind == .mlp {
            selection = ProbeSelection(spreading: rowCount(selection.rows.count), over: layout)
        }
        firstHalf(selection, &states)
        let (means, deviations) = estimates(selection, block: block, layout: layout)
        let channels = zip(deviations, norms.squareSums).map(*)
        let scores = ChannelScore.units(channels, block.kind, shape)
        let mask = try ChannelMask(keepingTop: units(block.kind), of: scores)
        expected[block] = means
        onDecision?(
            BlockDecision(
                block: block,
                selection: selection,
                scores: scores,
                mask: mask,
                historyWeight: nil
            )
        )
        return mask
    }

    /// The mean of what the mask has just removed, projected.
    public func outputBias(
        of block: PrunableBlock,
        mask: ChannelMask,
        project: (ExpectedInput) -> OutputBias
    ) -> OutputBias? { expected[block].map(project) }

    /// Rows of the MLP's probe where the published probe has `count` in each block.
    ///
    /// What attention does not probe, the MLP may: the multiply-adds are the same.
    private func rowCount(_ count: Int) -> Int {
        guard kept.headCount == shape.headCount else { return count }
        let attention = (shape.headCount + 2 * shape.kvHeadCount) * shape.headDimension
        let mlp = (shape.isGated ? 2 : 1) * shape.channelCount
        return count * (attention + mlp) / mlp
    }

    private func units(_ kind: PrunableBlock.Kind) -> Int {
        kind == .attention ? kept.headCount : kept.channelCount
    }

    // MARK: - Estimates

    /// Expected input of each channel, and its mean squared deviation from that.
    private func estimates(
        _ selection: ProbeSelection,
        block: PrunableBlock,
        layout: BatchLayout
    ) -> (means: ExpectedInput, deviations: [Float]) {
        let isFirst = selection.rowPositionIndex.map { selection.positions[Int($0)] == 0 }
        let isLater = isFirst.map { !$0 }
        let (firstCount, laterCount) = (isFirst.count { $0 }, isLater.count { $0 })
        let baseline = baselines[block]
        var laterMeans = states.columnMeans(of: isLater)
        if let baseline {
            // The attention probe sees one sample in twenty: too few for a mean.
            let share =
                block.kind == .mlp
                ? Double(laterCount) / (Double(laterCount) + Self.baselineRows) : 0
            laterMeans = zip(baseline.laterMeans, laterMeans).map { past, own in
                past + Float(share) * (own - past)
            }
        }
        let firstMeans =
            baseline?.firstMeans ?? (firstCount > 0 ? states.columnMeans(of: isFirst) : laterMeans)
        var deviations = states.meanSquaredDeviations(of: isLater, from: laterMeans)
        if firstCount > 0 {
            let begins = layout.samples.count { $0.firstPosition == 0 && $0.rowCount > 0 }
            let share = Float(begins) / Float(layout.rowCount)
            let first = states.meanSquaredDeviations(of: isFirst, from: firstMeans)
            deviations = zip(deviations, first).map { $0 + share * ($1 - $0) }
        }
        if let baseline {
            let share = Float(Double(laterCount) / (Double(laterCount) + Self.baselineRows))
            deviations = zip(baseline.laterVariances, deviations).map { past, own in
                past + share * (own - past)
            }
        }
        return (ExpectedInput(means: laterMeans, firstPositionMeans: firstMeans), deviations)
    }
}

extension Activations {
    /// Mean of each column over the marked rows; 0 where none is marked.
    fileprivate borrowing func columnMeans(of isMarked: [Bool]) -> [Float] {
        meansOverRows(isMarked) { value, _ in value }
    }

    /// Mean of `(x − mean)²` of each column over the marked rows; 0 where none is marked.
    fileprivate borrowing func meanSquaredDeviations(
        of isMarked: [Bool],
        from means: [Float]
    ) -> [Float] {
        meansOverRows(isMarked) { value, column in
            let deviation = value - means[column]
            return deviation * deviation
        }
    }

    private borrowing func meansOverRows(
        _ isMarked: [Bool],
        _ value: (Float, Int) -> Float
    ) -> [Float] {
        var sums = [Double](repeating: 0, count: width)
        var count = 0
        for index in 0..<rowCount where isMarked[index] {
            count += 1
            let row = row(index)
            for column in row.indices { sums[column] += Double(value(row[column], column)) }
        }
        return sums.map { Float($0 / Double(max(1, count))) }
    }
}
