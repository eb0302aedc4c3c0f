public import Kernels

/// Gives every batch the same masks: a static method, or the masks of a decode batch.
public struct StaticPruner: Pruner, Sendable {
    /// Mask of each block that is pruned.
    public let masks: [PrunableBlock: ChannelMask]

    /// - Parameter masks: Mask of each block that is pruned; the others run dense.
    public init(masks: [PrunableBlock: ChannelMask]) {
        self.masks = masks
    }

    /// The block's fixed mask.
    public func mask(
        for block: PrunableBlock,
        residual: borrowing Activations,
        normed: borrowing Activations,
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) -> ChannelMask? { masks[block] }
}
