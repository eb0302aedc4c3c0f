/// How one block's mask came about: what a trace of a batch consists of.
public struct BlockDecision: Sendable {
    /// The block.
    public let block: PrunableBlock
    /// Rows of the probe.
    public let selection: ProbeSelection
    /// Score of each channel or head.
    public let scores: [Float]
    /// What was kept.
    public let mask: ChannelMask
    /// The history's mean squares divided by those of history and probe together; nil: no history.
    public let historyWeight: Double?
}
