/// Multiply-adds of the linear layers of decoder blocks; embedding, norms, attention core and output
/// head are not counted.
public struct MultiplyAdds: Sendable, Equatable {
    /// What dense passes would have run.
    public private(set) var dense = 0
    /// What the full passes ran, probes not included.
    public private(set) var executed = 0
    /// What the probes ran.
    public private(set) var probe = 0

    /// Nothing run.
    public init() {}

    /// Run multiply-adds, probe included, divided by dense; 1 when nothing ran.
    public var realisedRatio: Double {
        dense == 0 ? 1 : Double(executed + probe) / Double(dense)
    }

    /// The probe's multiply-adds divided by dense.
    public var probeRatio: Double { dense == 0 ? 0 : Double(probe) / Double(dense) }

    /// Adds one block of one pass.
    ///
    /// - Parameters:
    ///   - kind: Which block.
    ///   - shape: Sizes of the model.
    ///   - rows: Rows of the batch.
    ///   - mask: What was kept; nil: all.
    ///   - probeRows: Rows that ran through the block's first half for the probe.
    public mutating func count(
        _ kind: PrunableBlock.Kind,
        shape: ModelShape,
        rows: Int,
        mask: ChannelMask?,
        probeRows: Int
    ) {
        let hidden = shape.hiddenSize
        switch kind {
        case .attention:
            let query = hidden * shape.headCount * shape.headDimension
            let keyValue = 2 * hidden * shape.kvHeadCount * shape.headDimension
            let kept = hidden * (mask?.kept.count ?? shape.headCount) * shape.headDimension
            dense += rows * (2 * query + keyValue)
            executed += rows * (2 * kept + keyValue)
            probe += probeRows * (query + keyValue)
        case .mlp:
            let firstHalf = shape.isGated ? 2 : 1
            dense += rows * (firstHalf + 1) * hidden * shape.channelCount
            executed += rows * (firstHalf + 1) * hidden * (mask?.kept.count ?? shape.channelCount)
            probe += probeRows * firstHalf * hidden * shape.channelCount
        }
    }

    /// Adds the products of removed channels' means with the consumer's weights; they count as executed.
    ///
    /// - Parameters:
    ///   - kind: Which block.
    ///   - shape: Sizes of the model.
    ///   - mask: What was kept.
    ///   - vectors: Vectors of means that were multiplied.
    public mutating func countCompensation(
        _ kind: PrunableBlock.Kind,
        shape: ModelShape,
        mask: ChannelMask,
        vectors: Int
    ) {
        let removed = mask.channelCount - mask.kept.count
        let width = kind == .attention ? shape.headDimension : 1
        executed += vectors * removed * width * shape.hiddenSize
    }

    /// Adds what another count holds.
    public static func += (left: inout Self, right: Self) {
        left.dense += right.dense
        left.executed += right.executed
        left.probe += right.probe
    }
}
