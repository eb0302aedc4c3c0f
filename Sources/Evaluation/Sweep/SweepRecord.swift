import ProbeScheduler

/// One batch of one run in one cell: a line of a sweep's state file.
public struct SweepRecord: Codable, Sendable, Equatable {
    /// Where.
    public var cell: SweepCell
    /// What.
    public var run: SweepRun
    /// Which batch of the cell, from 0.
    public var index: Int
    /// Mean negative log-likelihood of each window, in nats a token.
    public var windowMeans: [Double]
    /// Tokens that ran through the layers.
    public var tokens: Int
    /// Wall time from the embedding to the final norm, probe included.
    public var seconds: Double
    /// The part of it that probing, scoring, selection and compensation took.
    public var probeSeconds: Double
    /// Multiply-adds of the blocks' linear layers, probe included, ÷ dense.
    public var realisedRatio: Double
    /// The probe's part of that.
    public var probeRatio: Double
    /// By `PrunableBlock.index`: share of heads or channels kept.
    public var keptShares: [Double]
    /// By `PrunableBlock.index`: overlap with the mask of the batch before, |A ∩ B| ÷ |A ∪ B|; nil: a dense
    /// block, or no batch before.
    public var overlaps: [Double?]
}
