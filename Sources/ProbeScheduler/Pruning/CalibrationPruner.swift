public import Kernels

/// Runs dense and collects the history that Probe Pruning and the static methods start from.
public struct CalibrationPruner: Pruner, Sendable {
    /// The running mean over all samples so far.
    public private(set) var history: ProbeHistory
    private var batchCounts: [Int] = []

    /// - Parameters:
    ///   - shape: Sizes of the model.
    ///   - positionCount: Positions to keep apart; longer samples lose the rest.
    ///   - policy: Says which layers are covered.
    public init(shape: ModelShape, positionCount: Int, policy: RatioPolicy) {
        history = ProbeHistory(shape: shape, positionCount: positionCount, policy: policy)
        history.moments = shape.blocks.map {
            ChannelMoments(width: shape.consumerWidth($0.kind))
        }
    }

    /// Always nil: run dense.
    public func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) -> ChannelMask? { nil }

    /// Adds the batch to the moments, and its squares to the running mean.
    public mutating func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    ) {
        history.moments?[block.index].add(
            BatchSums(intermediate, layout: layout, compute: compute)
        )
        guard history.covers(block) else { return }
        batchCounts = layout.sampleCounts
        var squares = Activations()
        compute.sumOfSquares(
            intermediate,
            groups: layout.positions,
            groupCount: layout.positionLimit,
            into: &squares
        )
        history.accumulate(block, squares: squares, counts: batchCounts)
    }

    /// Counts the batch's samples.
    public mutating func finishBatch() {
        history.countSamples(batchCounts)
        batchCounts = []
    }
}
