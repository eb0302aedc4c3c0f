public import ProbeScheduler

/// What a static method decides once for all batches.
public struct StaticPlan: Sendable, Equatable {
    /// Mask of each block that is pruned.
    public var masks: [PrunableBlock: ChannelMask]
    /// Expected input of each block whose removed channels are compensated for.
    public var expectedInputs: [PrunableBlock: ExpectedInput] = [:]

    /// A plan.
    public init(
        masks: [PrunableBlock: ChannelMask],
        expectedInputs: [PrunableBlock: ExpectedInput] = [:]
    ) {
        self.masks = masks
        self.expectedInputs = expectedInputs
    }

    /// A pruner that carries the plan out.
    public var pruner: StaticPruner {
        StaticPruner(masks: masks, expectedInputs: expectedInputs)
    }
}
