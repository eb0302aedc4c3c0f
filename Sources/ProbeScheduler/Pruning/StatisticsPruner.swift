public import Kernels

/// Runs dense and takes each sequence's statistics: a refresh step of decoding.
public struct StatisticsPruner: Pruner, Sendable {
    /// One for each sample of the last batch.
    public private(set) var sequenceStatistics: [SequenceStatistics] = []
    private let shape: ModelShape

    /// - Parameter shape: Sizes of the model.
    public init(shape: ModelShape) {
        self.shape = shape
    }

    /// Always nil: run dense.
    public func mask(
        for block: PrunableBlock,
        residual: borrowing Activations,
        normed: borrowing Activations,
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) -> ChannelMask? { nil }

    /// Takes the mean squares of every sample.
    public mutating func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    ) {
        if block.index == 0 {
            sequenceStatistics = layout.samples.map {
                SequenceStatistics(shape: shape, tokenCount: $0.rowCount)
            }
        }
        var squares = Activations()
        compute.sumOfSquares(
            intermediate,
            groups: layout.sampleOfRow,
            groupCount: layout.samples.count,
            into: &squares
        )
        for (sample, run) in layout.samples.enumerated() {
            sequenceStatistics[sample].set(
                block,
                squares: squares.row(sample),
                rowCount: run.rowCount,
                columns: nil,
                estimate: []
            )
        }
    }
}
