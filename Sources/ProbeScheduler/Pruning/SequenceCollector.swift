import Kernels

/// Gathers the statistics of a batch's sequences, block by block.
struct SequenceCollector: ~Copyable {
    /// What is gathered, and over which rows.
    enum Content: Sendable {
        /// Mean squares over all rows: what Probe Pruning scores.
        case meanSquares
        /// Means and mean squares over the rows after the first position, the attention sink.
        case moments
    }

    /// One for each sample of the last whole batch.
    private(set) var statistics: [SequenceStatistics] = []
    private let shape: ModelShape
    private let content: Content
    private var pending: [SequenceStatistics] = []
    /// `PrunableBlock.index` of the last block.
    private var lastIndex = 0
    private var squares = Activations()
    private var sums = Activations()

    init(_ content: Content, shape: ModelShape) {
        self.content = content
        self.shape = shape
    }

    /// Adds what one block's full pass has shown.
    ///
    /// - Parameters:
    ///   - block: The block; within a batch they come in order.
    ///   - intermediate: The consumer's input, `[rows, kept]`.
    ///   - columns: Channels that its columns are; nil: all.
    ///   - estimate: Stands in for the other channels.
    ///   - layout: Samples of the rows.
    ///   - compute: The kernels.
    mutating func add(
        _ block: PrunableBlock,
        _ intermediate: borrowing Activations,
        columns: [Int32]?,
        estimate: ChannelAverages?,
        layout: BatchLayout,
        compute: Compute
    ) {
        let (groups, groupCount) = (groups(of: layout), layout.samples.count)
        compute.sumOfSquares(intermediate, groups: groups, groupCount: groupCount, into: &squares)
        if content == .moments {
            compute.sum(of: intermediate, groups: groups, groupCount: groupCount, into: &sums)
        }
        enter(block, columns: columns, estimate: estimate, layout: layout)
    }

    /// `add` of mean squares, which also sums up the squares at each position: both read the input once.
    ///
    /// - Parameters:
    ///   - block: As in `add`.
    ///   - intermediate: Likewise.
    ///   - columns: Likewise.
    ///   - estimate: Likewise.
    ///   - layout: Likewise.
    ///   - positionSquares: Reshaped to `[positions, kept]`.
    ///   - compute: The kernels.
    mutating func add(
        _ block: PrunableBlock,
        _ intermediate: borrowing Activations,
        columns: [Int32]?,
        estimate: ChannelAverages?,
        layout: BatchLayout,
        positionSquares: inout Activations,
        compute: Compute
    ) {
        precondition(content == .meanSquares, "sums of squares alone")
        compute.sumOfSquares(
            intermediate,
            groups: groups(of: layout),
            groupCount: layout.samples.count,
            into: &squares,
            groups: layout.positions,
            groupCount: layout.positionLimit,
            into: &positionSquares
        )
        enter(block, columns: columns, estimate: estimate, layout: layout)
    }

    /// Enters the sums into the samples' statistics.
    private mutating func enter(
        _ block: PrunableBlock,
        columns: [Int32]?,
        estimate: ChannelAverages?,
        layout: BatchLayout
    ) {
        let counts = layout.samples.map { $0.rowCount - (leavesOut($0) ? 1 : 0) }
        // An earlier block means that the last batch never finished.
        if pending.isEmpty || block.index <= lastIndex {
            pending = counts.map { SequenceStatistics(shape: shape, tokenCount: $0) }
        }
        lastIndex = block.index
        let width = shape.consumerWidth(block.kind)
        let unknown = [Float](repeating: 0, count: width)
        let columns = columns ?? (0..<Int32(width)).map(\.self)
        for sample in layout.samples.indices where counts[sample] > 0 {
            var averages =
                estimate
                ?? ChannelAverages(meanSquares: unknown, means: content == .moments ? unknown : [])
            let count = counts[sample]
            averages.replaceMeanSquares(columns, bySums: squares.row(sample), rowCount: count)
            if content == .moments {
                averages.replaceMeans(columns, bySums: sums.row(sample), rowCount: count)
            }
            pending[sample].set(block, averages)
        }
    }

    /// Publishes the batch.
    mutating func finishBatch() {
        statistics = pending
        pending = []
    }

    private func leavesOut(_ sample: BatchLayout.Sample) -> Bool {
        content == .moments && sample.firstPosition == 0 && sample.rowCount > 0
    }

    /// Sample of each row; −1 for rows that are left out.
    private func groups(of layout: BatchLayout) -> [Int32] {
        var groups = layout.sampleOfRow
        for sample in layout.samples where leavesOut(sample) { groups[sample.firstRow] = -1 }
        return groups
    }
}
