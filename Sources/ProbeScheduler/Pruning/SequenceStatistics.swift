/// What one sequence's own rows say about every consumer's input; ours, beyond the paper.
///
/// A sequence carries them from batch to batch, so that the mask of a decode batch is composed from
/// its members without a new probe. Channels that its prefill pruned are not known: for those the
/// estimate that scored them stands in.
public struct SequenceStatistics: Sendable, Equatable {
    /// Tokens that the statistics rest on.
    public private(set) var tokenCount: Int
    /// By `PrunableBlock.index`: mean square of each channel, `[width]`; empty where unknown.
    private var values: [[Float]]

    /// Tokens beyond this count no more, so that a long answer's refreshes keep their weight.
    static let memoryLimit = 256

    /// Statistics that know nothing.
    public init(shape: ModelShape, tokenCount: Int) {
        self.tokenCount = tokenCount
        values = [[Float]](repeating: [], count: 2 * shape.layerCount)
    }

    /// Mean square of each channel of a block's consumer input; empty where unknown.
    public subscript(block: PrunableBlock) -> [Float] { values[block.index] }

    /// Sets one block from sums of squares over the sequence's rows.
    ///
    /// - Parameters:
    ///   - block: The block.
    ///   - squares: Sums of squares of the kept columns.
    ///   - rowCount: Rows summed.
    ///   - columns: Which columns those are; nil: all.
    ///   - estimate: Mean square of every channel, for the columns that were pruned.
    mutating func set(
        _ block: PrunableBlock,
        squares: Span<Float>,
        rowCount: Int,
        columns: [Int32]?,
        estimate: [Float]
    ) {
        let factor = 1 / Float(max(1, rowCount))
        var means = columns == nil ? [Float](repeating: 0, count: squares.count) : estimate
        for index in squares.indices {
            means[columns.map { Int($0[index]) } ?? index] = squares[index] * factor
        }
        values[block.index] = means
    }

    /// Adds the rows of a dense pass, such as a refresh step of decoding, weighted by their number.
    public mutating func merge(_ other: SequenceStatistics) {
        let past = Float(min(tokenCount, Self.memoryLimit))
        let present = Float(other.tokenCount)
        for index in values.indices where !other.values[index].isEmpty {
            guard !values[index].isEmpty else {
                values[index] = other.values[index]
                continue
            }
            for channel in values[index].indices {
                let sum = past * values[index][channel] + present * other.values[index][channel]
                values[index][channel] = sum / (past + present)
            }
        }
        tokenCount += other.tokenCount
    }
}
