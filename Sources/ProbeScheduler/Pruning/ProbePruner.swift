public import Kernels

/// Probe Pruning (arXiv:2502.15618): a small probe of each batch decides what the batch keeps.
///
/// For each block: choose rows by residual importance, run the dense first half of the block on them,
/// fuse the probe's mean squares with the history's at the same positions, score the channels, keep
/// the best. After the full pass the kept channels' mean squares enter the history.
///
/// Beyond the paper, for decoding: the statistics of each sequence's own rows, see
/// `SequenceStatistics`.
public final class ProbePruner: ProbingPruner {
    /// Sizes of the model.
    public let shape: ModelShape
    /// How much is kept where; may change between batches.
    public var policy: RatioPolicy
    /// The probe's size and the history's momentum.
    public let configuration: ProbeConfiguration
    /// Statistics of earlier batches; nil: the probe alone decides.
    public private(set) var history: ProbeHistory?
    /// One for each sample of the last batch, when the configuration collects them.
    public var sequenceStatistics: [SequenceStatistics] { collector.statistics }
    /// Told of every mask that is made.
    public var onDecision: ((BlockDecision) -> Void)?

    /// Where the layers let the probe look.
    public var probePlace: ProbePlace { configuration.place }

    /// Only where the history moves on or sequences carry statistics.
    public var observesWholeBatch: Bool { learns || configuration.collectsSequenceStatistics }

    private var learns: Bool { history != nil && configuration.historyUse == .moving }

    private let norms: [PrunableBlock: ConsumerNorms]
    private var collector: SequenceCollector
    /// The history's share in the last fusion; nil: no history, or nobody asked.
    private var historyWeight: Double?
    /// What scored the last mask: the estimate for what it removed.
    private var estimate: ChannelAverages?

    // Scratch, kept between blocks.
    private var states = Activations()
    private var probeSquares = Activations()
    private var historyRows = Activations()
    private var passSquares = Activations()

    /// - Parameters:
    ///   - shape: Sizes of the model.
    ///   - norms: Norms of every block's consumer.
    ///   - policy: How much is kept where.
    ///   - configuration: The probe's size and the history's momentum.
    ///   - history: Statistics to start from; nil: the probe alone decides.
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
        self.history = history
        collector = SequenceCollector(.meanSquares, shape: shape)
    }

    /// Probes the batch and keeps the block's best channels; nil in layers that stay dense.
    public func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask? {
        guard policy.prunes(layer: block.layer, of: shape), let norms = norms[block] else {
            return nil
        }
        let (selection, activations): (ProbeSelection, [Float])
        historyWeight = nil
        if configuration.place == .none {
            guard let history, history.covers(block) else { return nil }
            historyWeight = 1
            selection = ProbeSelection(historyAt: layout)
            activations = sums(history, block: block, positions: selection.positions)
        } else {
            selection = ProbeSelection(
                squaredNorms: configuration.importance == .input
                    ? normedSquaredNorms() : squaredNorms,
                layout: layout,
                tokenRatio: configuration.tokenRatio(sampleCount: layout.samples.count),
                sampleRatio: configuration.sampleRatio,
                order: configuration.order
            )
            firstHalf(selection, &states)
            activations = fuse(selection, block: block, compute: compute)
        }
        let scores = ChannelScore.ppsp(activations, norms, block.kind, shape)
        let mask = try ChannelMask(keepingTop: policy.kept(block.kind, shape), of: scores)
        if configuration.collectsSequenceStatistics {
            let count = Float(selection.positions.count)
            estimate = ChannelAverages(meanSquares: activations.map { $0 / count })
        }
        onDecision?(
            BlockDecision(
                block: block,
                selection: selection,
                scores: scores,
                mask: mask,
                historyWeight: historyWeight
            )
        )
        return mask
    }

    /// Lets the kept channels of the full pass enter the history and the sequences' statistics.
    public func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    ) {
        guard policy.prunes(layer: block.layer, of: shape) else { return }
        let columns = shape.consumerColumns(of: mask, block.kind)
        let estimate = mask == nil ? nil : estimate
        switch (configuration.collectsSequenceStatistics, learns) {
        case (true, true):
            collector.add(
                block,
                intermediate,
                columns: columns,
                estimate: estimate,
                layout: layout,
                positionSquares: &passSquares,
                compute: compute
            )
        case (true, false):
            collector.add(
                block,
                intermediate,
                columns: columns,
                estimate: estimate,
                layout: layout,
                compute: compute
            )
        case (false, true):
            compute.sumOfSquares(
                intermediate,
                groups: layout.positions,
                groupCount: layout.positionLimit,
                into: &passSquares
            )
        case (false, false):
            return
        }
        guard learns else { return }
        history?.update(
            block,
            squares: passSquares,
            counts: layout.sampleCounts,
            columns: columns,
            momentum: configuration.momentum
        )
    }

    /// Publishes the batch's sequence statistics.
    public func finishBatch() { collector.finishBatch() }

    // MARK: - Decoding

    /// The same probe with a history that stays as it is.
    public func isolated() -> any ProbingPruner {
        var configuration = configuration
        configuration.historyUse = .fixed
        return ProbePruner(
            shape: shape,
            norms: norms,
            policy: policy,
            configuration: configuration,
            history: history
        )
    }

    /// Composes by Probe Pruning's rules, with the history as it is now.
    public func makeDecodeComposer() -> any DecodeMaskComposer {
        ProbeMaskComposer(shape: shape, policy: policy, norms: norms, history: history)
    }

    /// Takes mean squares.
    public func makeStatisticsPruner() -> StatisticsPruner {
        StatisticsPruner(.meanSquares, shape: shape)
    }

    // MARK: - Steps

    /// `A[k]`: the probe's mean squares, fused with the history's, summed over the probe's positions.
    private func fuse(
        _ selection: ProbeSelection,
        block: PrunableBlock,
        compute: Compute
    ) -> [Float] {
        compute.sumOfSquares(
            states,
            groups: selection.rowPositionIndex,
            groupCount: selection.positions.count,
            into: &probeSquares
        )
        selection.divideByRowCounts(&probeSquares)
        var total = [Float](repeating: 0, count: probeSquares.width)
        guard let history, history.covers(block) else {
            probeSquares.addRows(to: &total)
            return total
        }
        switch configuration.fusion {
        case .importance:
            history.copyRows(of: block, positions: selection.positions, into: &historyRows)
            compute.fusedImportance(probe: probeSquares, history: historyRows, into: &total)
            if onDecision != nil { historyWeight = pastShare }
        case .fixed(let share):
            historyWeight = Double(1 - share)
            probeSquares.addRows(to: &total)
            let past = sums(history, block: block, positions: selection.positions)
            total = zip(past, total).map { (1 - share) * $0 + share * $1 }
        }
        return total
    }

    /// The history's mean squares, summed over positions.
    private func sums(_ history: ProbeHistory, block: PrunableBlock, positions: [Int]) -> [Float] {
        var total = [Float](repeating: 0, count: shape.consumerWidth(block.kind))
        history.copyRows(of: block, positions: positions, into: &historyRows)
        historyRows.addRows(to: &total)
        return total
    }

    /// The history's share in the fusion of what `probeSquares` and `historyRows` hold.
    private var pastShare: Double {
        var own = [Float](repeating: 0, count: probeSquares.width)
        var past = own
        probeSquares.addRows(to: &own)
        historyRows.addRows(to: &past)
        let (present, before) = (own.reduce(0, +), past.reduce(0, +))
        return present + before > 0 ? Double(before / (present + before)) : 0
    }
}
