import Kernels

/// Mean squares of every consumer's input, by position and channel, over earlier batches.
///
/// State of arXiv:2502.15618, §3.3, in f32. A calibration fills it as a running mean over samples;
/// pruned batches then enter by an exponential moving average. Positions beyond the calibrated ones
/// read the mean over all positions and are not updated: our choice, the paper has fixed lengths.
public struct ProbeHistory: Sendable, Equatable {
    /// Sizes of the model.
    public let shape: ModelShape
    /// Positions that are kept apart.
    public let positionCount: Int
    /// Samples that each position has seen in calibration.
    public private(set) var sampleCounts: [Int]
    /// By `PrunableBlock.index`: mean and spread over all tokens, of every layer; nil: not collected.
    public var moments: [ChannelMoments]?
    /// By `PrunableBlock.index`: `[positions, width]` row-major, or empty where nothing is kept.
    private var values: [[Float]]

    /// A history that has seen nothing.
    ///
    /// - Parameters:
    ///   - shape: Sizes of the model.
    ///   - positionCount: Positions to keep apart, at least one.
    ///   - policy: Says which layers are covered.
    public init(shape: ModelShape, positionCount: Int, policy: RatioPolicy) {
        self.shape = shape
        self.positionCount = positionCount
        sampleCounts = [Int](repeating: 0, count: positionCount)
        values = shape.blocks.map { block in
            guard policy.covers(layer: block.layer, of: shape) else { return [] }
            return [Float](
                repeating: 0,
                count: positionCount * shape.consumerWidth(block.kind)
            )
        }
    }

    /// Whether a block's statistics are kept.
    public func covers(_ block: PrunableBlock) -> Bool { !values[block.index].isEmpty }

    /// A block's statistics, `[positions, width]` row-major; empty where nothing is kept.
    public subscript(block: PrunableBlock) -> [Float] { values[block.index] }

    /// Replaces a block's statistics, for the reader of a history file.
    ///
    /// - Parameters:
    ///   - block: A covered block.
    ///   - statistics: `[positions, width]` row-major.
    public mutating func replace(_ block: PrunableBlock, with statistics: [Float]) {
        precondition(statistics.count == values[block.index].count, "[positions, width]")
        values[block.index] = statistics
    }

    /// Replaces the number of samples that each position has seen.
    public mutating func replaceSampleCounts(_ counts: [Int]) {
        precondition(counts.count == positionCount, "one count a position")
        sampleCounts = counts
    }

    /// Sum over all positions, `[width]`: what static scores are made of.
    public func sums(_ block: PrunableBlock) -> [Float] {
        let width = shape.consumerWidth(block.kind)
        var sums = [Double](repeating: 0, count: width)
        // Row by row, which the compiler turns into vectors: a prefill does this for every block.
        let entries = values[block.index]
        let statistics = entries.span
        for first in stride(from: 0, to: statistics.count, by: width) {
            for column in 0..<width { sums[column] += Double(statistics[first + column]) }
        }
        return sums.map(Float.init)
    }

    /// Mean over all positions, `[width]`.
    public func means(_ block: PrunableBlock) -> [Float] {
        sums(block).map { $0 / Float(positionCount) }
    }

    /// Writes the rows of the given positions, `[positions, width]`.
    func copyRows(of block: PrunableBlock, positions: [Int], into rows: inout Activations) {
        let width = shape.consumerWidth(block.kind)
        rows.reshape(rowCount: positions.count, width: width)
        let beyond = positions.last.map { $0 >= positionCount } ?? false
        let mean = beyond ? means(block) : []
        let statistics = values[block.index]
        for (index, position) in positions.enumerated() {
            var row = rows.mutableRow(index)
            if position < positionCount {
                let first = position * width
                for column in 0..<width { row[column] = statistics[first + column] }
            } else {
                for column in 0..<width { row[column] = mean[column] }
            }
        }
    }

    /// Moves the given columns towards a batch: `g ← momentum · g + (1 − momentum) · squares / count`.
    ///
    /// - Parameters:
    ///   - block: A covered block; others are ignored.
    ///   - squares: Sums of squares, `[positions, columns]`.
    ///   - counts: Samples at each position.
    ///   - columns: Which columns of the history the columns of `squares` are; nil: all.
    ///   - momentum: Weight of the past.
    mutating func update(
        _ block: PrunableBlock,
        squares: borrowing Activations,
        counts: [Int],
        columns: [Int32]?,
        momentum: Float
    ) {
        blend(block, squares, columns) { position in
            guard counts[position] > 0 else { return (1, 0) }
            return (momentum, (1 - momentum) / Float(counts[position]))
        }
    }

    /// Lets a dense batch enter the running mean: `g ← g · n/(n+b) + squares/(n+b)` at each position.
    ///
    /// - Parameters:
    ///   - block: A covered block; others are ignored.
    ///   - squares: Sums of squares, `[positions, width]`.
    ///   - counts: Samples at each position.
    mutating func accumulate(
        _ block: PrunableBlock,
        squares: borrowing Activations,
        counts: [Int]
    ) {
        let seen = sampleCounts
        blend(block, squares, nil) { position in
            guard counts[position] > 0 else { return (1, 0) }
            let total = Float(seen[position] + counts[position])
            return (Float(seen[position]) / total, 1 / total)
        }
    }

    /// Counts the samples of a batch that all blocks have accumulated.
    mutating func countSamples(_ counts: [Int]) {
        for position in 0..<min(positionCount, counts.count) {
            sampleCounts[position] += counts[position]
        }
    }

    /// `g ← past · g + present · squares`, factors by position.
    private mutating func blend(
        _ block: PrunableBlock,
        _ squares: borrowing Activations,
        _ columns: [Int32]?,
        factors: (Int) -> (past: Float, present: Float)
    ) {
        guard covers(block) else { return }
        let width = shape.consumerWidth(block.kind)
        var statistics = values[block.index].mutableSpan
        for position in 0..<min(positionCount, squares.rowCount) {
            let (past, present) = factors(position)
            guard present > 0 else { continue }
            let row = squares.row(position)
            let first = position * width
            for index in row.indices {
                let column = first + (columns.map { Int($0[index]) } ?? index)
                statistics[column] = past * statistics[column] + present * row[index]
            }
        }
    }
}
