/// What one sequence's own rows say about every consumer's input; ours, beyond the paper.
///
/// A sequence carries them from batch to batch, so that the mask of a decode batch is composed from
/// its members without a new probe. Channels that its prefill pruned are not known: for those the
/// estimate that scored them stands in.
public struct SequenceStatistics: Sendable, Equatable {
    /// Tokens that the statistics rest on.
    public private(set) var tokenCount: Int
    /// By `PrunableBlock.index`; nil where unknown.
    private var values: [ChannelAverages?]

    /// Tokens beyond this count no more, so that a long answer's refreshes keep their weight.
    static let memoryLimit = 256

    /// Statistics that know nothing.
    public init(shape: ModelShape, tokenCount: Int) {
        self.tokenCount = tokenCount
        values = [ChannelAverages?](repeating: nil, count: 2 * shape.layerCount)
    }

    /// Averages of a block's consumer input over the sequence's rows; nil where unknown.
    public subscript(block: PrunableBlock) -> ChannelAverages? { values[block.index] }

    /// Sets one block.
    mutating func set(_ block: PrunableBlock, _ averages: ChannelAverages) {
        values[block.index] = averages
    }

    /// Adds the rows of a dense pass, such as a refresh step of decoding, weighted by their number.
    public mutating func merge(_ other: SequenceStatistics) {
        let past = Float(min(tokenCount, Self.memoryLimit))
        let present = Float(other.tokenCount)
        for index in values.indices {
            guard let new = other.values[index] else { continue }
            values[index] =
                values[index]?.averaged(weight: past, with: new, weight: present) ?? new
        }
        tokenCount += other.tokenCount
    }
}
