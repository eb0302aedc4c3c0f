public import ProbeScheduler

/// How much each block's mask changes from one probe to the next, and how much the past decides.
///
/// One engine and its thread own it.
public final class MaskStability {
    /// Jaccard index of each block's last two masks.
    public private(set) var jaccard: [PrunableBlock: Double] = [:]
    /// The history's share in each block's last fusion, 0 to 1; no entry without a history.
    public private(set) var historyWeight: [PrunableBlock: Double] = [:]
    private var last: [PrunableBlock: ChannelMask] = [:]

    /// Takes a block's new mask.
    func observe(_ decision: BlockDecision) {
        if let past = last[decision.block], past.channelCount == decision.mask.channelCount {
            jaccard[decision.block] = decision.mask.jaccard(with: past)
        }
        last[decision.block] = decision.mask
        historyWeight[decision.block] = decision.historyWeight
    }
}
