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
public final class SpreadProbePruner: ProbingPruner {
    /// The probe's size.
    public let configuration: ProbeConfiguration
    /// Told of every mask that is made.
    public var onDecision: ((BlockDecision) -> Void)?

    private var scorer: SpreadScorer
    private var collector: SequenceCollector
    private var expected: [PrunableBlock: ExpectedInput] = [:]
    /// What scored the last mask: the estimate for what it removed.
    private var estimate: ChannelAverages?
    private var states = Activations()

    /// Only where sequences carry statistics.
    public var observesWholeBatch: Bool { configuration.collectsSequenceStatistics }
    /// Sizes of the model.
    public var shape: ModelShape { scorer.shape }
    /// How much is kept where; may change between batches.
    public var policy: RatioPolicy {
        get { scorer.policy }
        set { scorer.policy = newValue }
    }
    /// One for each sample of the last batch, when the configuration collects them.
    public var sequenceStatistics: [SequenceStatistics] { collector.statistics }

    /// - Parameters:
    ///   - shape: Sizes of the model.
    ///   - norms: Norms of every block's consumer.
    ///   - policy: How much is kept where.
    ///   - configuration: The probe's size, and whether statistics for decoding are kept.
    ///   - history: Calibration with moments; without it the probe alone decides and compensates.
    public init(
        shape: ModelShape,
        norms: [PrunableBlock: ConsumerNorms],
        policy: RatioPolicy,
        configuration: ProbeConfiguration,
        history: ProbeHistory?
    ) {
        self.configuration = configuration
        scorer = SpreadScorer(shape: shape, norms: norms, policy: policy, history: history)
        collector = SequenceCollector(.moments, shape: shape)
    }

    /// Probes the batch and keeps the channels that a bias replaces worst; nil in layers that stay dense.
    public func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask? {
        guard scorer.prunes(block) else { return nil }
        var selection = ProbeSelection(
            squaredNorms: squaredNorms,
            layout: layout,
            tokenRatio: configuration.tokenRatio(sampleCount: layout.samples.count),
            sampleRatio: configuration.sampleRatio
        )
        if block.kind == .mlp {
            selection = ProbeSelection(spreading: rowCount(selection.rows.count), over: layout)
        }
        firstHalf(selection, &states)
        let (means, deviations) = estimates(selection, block: block, layout: layout)
        let (scores, mask) = try scorer.choose(block, deviations: deviations)
        expected[block] = means
        if configuration.collectsSequenceStatistics {
            estimate = ChannelAverages(
                meanSquares: zip(means.means, deviations).map { $0 * $0 + $1 },
                means: means.means
            )
        }
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

    /// Lets the full pass enter the sequences' statistics.
    public func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    ) {
        guard configuration.collectsSequenceStatistics, scorer.prunes(block) else { return }
        collector.add(
            block,
            intermediate,
            columns: shape.consumerColumns(of: mask, block.kind),
            estimate: mask == nil ? nil : estimate,
            layout: layout,
            compute: compute
        )
    }

    /// Publishes the batch's sequence statistics.
    public func finishBatch() { collector.finishBatch() }

    // MARK: - Decoding

    /// Itself: it learns nothing from its batches.
    public func isolated() -> any ProbingPruner { self }

    /// Composes with the same scores and compensation.
    public func makeDecodeComposer() -> any DecodeMaskComposer { SpreadMaskComposer(scorer) }

    /// Takes means and mean squares.
    public func makeStatisticsPruner() -> StatisticsPruner {
        StatisticsPruner(.moments, shape: shape)
    }

    // MARK: - Probe

    /// Rows of the MLP's probe where the published probe has `count` in each block.
    ///
    /// What attention does not probe, the MLP may: the multiply-adds are the same.
    private func rowCount(_ count: Int) -> Int {
        guard scorer.kept.headCount == shape.headCount else { return count }
        let attention = (shape.headCount + 2 * shape.kvHeadCount) * shape.headDimension
        let mlp = (shape.isGated ? 2 : 1) * shape.channelCount
        return count * (attention + mlp) / mlp
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
        // The attention probe sees one sample in twenty: too few for a mean.
        let trusted = block.kind == .mlp || scorer.baselines[block] == nil ? laterCount : 0
        let laterMeans = scorer.means(states.columnMeans(of: isLater), rows: trusted, of: block)
        let firstMeans =
            scorer.baselines[block]?.firstMeans
            ?? (firstCount > 0 ? states.columnMeans(of: isFirst) : laterMeans)
        var deviations = states.meanSquaredDeviations(of: isLater, from: laterMeans)
        if firstCount > 0 {
            let begins = layout.samples.count { $0.firstPosition == 0 && $0.rowCount > 0 }
            let share = Float(begins) / Float(layout.rowCount)
            let first = states.meanSquaredDeviations(of: isFirst, from: firstMeans)
            deviations = zip(deviations, first).map { $0 + share * ($1 - $0) }
        }
        deviations = scorer.deviations(deviations, rows: laterCount, of: block)
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
