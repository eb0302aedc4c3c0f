public import Kernels

/// Gives every batch the same masks: a static method, or the masks of a decode batch.
///
/// One object for one model, since it keeps the biases that it has made.
public final class StaticPruner: Pruner {
    /// Mask of each block that is pruned.
    public let masks: [PrunableBlock: ChannelMask]
    /// Expected input of each block whose removed channels are compensated for.
    public let expectedInputs: [PrunableBlock: ExpectedInput]
    /// Masks never change, so neither do the biases: each is made once.
    private var biases: [PrunableBlock: OutputBias] = [:]

    /// - Parameters:
    ///   - masks: Mask of each block that is pruned; the others run dense.
    ///   - expectedInputs: Expected input of each block to compensate.
    public init(
        masks: [PrunableBlock: ChannelMask],
        expectedInputs: [PrunableBlock: ExpectedInput] = [:]
    ) {
        self.masks = masks
        self.expectedInputs = expectedInputs
    }

    /// Looks at no row.
    public var needsWholeBatch: Bool { false }

    /// Learns nothing.
    public var observesWholeBatch: Bool { false }

    /// The block's fixed mask.
    public func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) -> ChannelMask? { masks[block] }

    /// The block's fixed bias.
    public func outputBias(
        of block: PrunableBlock,
        mask: ChannelMask,
        project: (ExpectedInput) -> OutputBias
    ) -> OutputBias? {
        if let bias = biases[block] { return bias }
        guard let expected = expectedInputs[block] else { return nil }
        let bias = project(expected)
        biases[block] = bias
        return bias
    }
}
