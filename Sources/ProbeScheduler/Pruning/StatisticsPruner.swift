public import Kernels

/// Runs dense and takes each sequence's statistics: a refresh step of decoding.
public final class StatisticsPruner: Pruner {
    private var collector: SequenceCollector

    /// - Parameters:
    ///   - content: What the composer of decode masks needs.
    ///   - shape: Sizes of the model.
    init(_ content: SequenceCollector.Content, shape: ModelShape) {
        collector = SequenceCollector(content, shape: shape)
    }

    /// One for each sample of the last batch.
    public var sequenceStatistics: [SequenceStatistics] { collector.statistics }

    /// Always nil: run dense.
    public func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) -> ChannelMask? { nil }

    /// Takes the averages of every sample.
    public func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    ) {
        collector.add(
            block,
            intermediate,
            columns: nil,
            estimate: nil,
            layout: layout,
            compute: compute
        )
    }

    /// Publishes the batch's statistics.
    public func finishBatch() { collector.finishBatch() }
}
