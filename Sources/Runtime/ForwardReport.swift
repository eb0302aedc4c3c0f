public import ProbeScheduler

/// What forward passes ran, and how long deciding took.
public struct ForwardReport: Sendable {
    /// Shape of the model, for counting.
    public let shape: ModelShape
    /// Multiply-adds of the linear layers of all blocks: dense, run, and in the probe.
    public private(set) var multiplyAdds = MultiplyAdds()
    /// Wall time of probing, scoring, selection and compensation.
    public internal(set) var probeDuration: Duration = .zero
    /// Wall time from the embedding to the final norm, probe included.
    public internal(set) var forwardDuration: Duration = .zero
    /// Wall time of the output head.
    public internal(set) var headDuration: Duration = .zero
    /// Kept share of the last mask of each block that was pruned.
    public private(set) var keptShares: [PrunableBlock: Double] = [:]

    /// An empty account for a model of the given shape.
    public init(shape: ModelShape) {
        self.shape = shape
    }

    /// Adds one block of one pass.
    mutating func count(_ block: PrunableBlock, rows: Int, mask: ChannelMask?, probeRows: Int) {
        multiplyAdds.count(block.kind, shape: shape, rows: rows, mask: mask, probeRows: probeRows)
        if let mask { keptShares[block] = Double(mask.kept.count) / Double(mask.channelCount) }
    }

    /// Adds the products that made a bias for removed channels.
    mutating func countCompensation(_ block: PrunableBlock, mask: ChannelMask, vectors: Int) {
        multiplyAdds.countCompensation(block.kind, shape: shape, mask: mask, vectors: vectors)
    }

    /// Adds wall time that a caller spent on the output head and the likelihoods.
    public mutating func addHeadTime(_ duration: Duration) {
        headDuration += duration
    }

    /// Adds what another account holds.
    public mutating func merge(_ other: ForwardReport) {
        multiplyAdds += other.multiplyAdds
        probeDuration += other.probeDuration
        forwardDuration += other.forwardDuration
        headDuration += other.headDuration
        keptShares.merge(other.keptShares) { $1 }
    }
}
