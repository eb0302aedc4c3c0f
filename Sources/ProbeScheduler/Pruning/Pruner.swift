public import Kernels

/// Decides which channels a block keeps for a batch, inside the forward pass.
///
/// A block's mask needs that block's input, which depends on the earlier blocks' masks: so a pruner
/// is asked block by block. It knows no model; the layer knows no policy. Every method is a pruner,
/// so all of them run through the same kernels and compare fairly.
public protocol Pruner {
    /// What the layers hand to `mask(for:…)`: what enters the block, or what entered the one before.
    var probePlace: ProbePlace { get }

    /// Whether masks depend on the rows, so that all rows of a batch have to stand in one pass; else a pass
    /// may take some rows at a time through all layers, and `mask(for:…)` is handed no norms.
    var needsWholeBatch: Bool { get }

    /// Whether `observe(…)` has to see all rows of a pass at once, because it learns from them; else a block
    /// may take some rows at a time.
    var observesWholeBatch: Bool { get }

    /// The mask of one block for this batch; nil: run dense.
    ///
    /// - Parameters:
    ///   - block: The block about to run.
    ///   - squaredNorms: ‖row‖² of the residual stream that enters the block, one a row.
    ///   - normedSquaredNorms: Computes the same of that residual stream after the block's norm.
    ///   - layout: Samples and positions of the rows.
    ///   - compute: The kernels.
    ///   - firstHalf: Runs the dense first half of the block on the chosen rows of `normed`, and fills
    ///     the activations with the consumer's input, `[probe rows, heads × headDim or channels]`.
    /// - Returns: The mask; nil: run dense.
    /// - Throws: `MaskError` when a score is not finite.
    mutating func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask?

    /// What stands in for the channels that a mask has just removed; nil: nothing does.
    ///
    /// - Parameters:
    ///   - block: The block about to run.
    ///   - mask: What `mask(for:…)` returned.
    ///   - project: Multiplies the removed channels' expected input by the consumer's weights.
    /// - Returns: What to add to the block's output; nil: nothing.
    mutating func outputBias(
        of block: PrunableBlock,
        mask: ChannelMask,
        project: (ExpectedInput) -> OutputBias
    ) -> OutputBias?

    /// Sees the consumer's input in the full pass.
    ///
    /// - Parameters:
    ///   - block: The block that has run.
    ///   - intermediate: `[rows, kept]`, columns in the mask's order (heads × headDim in attention).
    ///   - mask: What the block was run on; nil: dense.
    ///   - layout: Samples and positions of the rows.
    ///   - compute: The kernels.
    mutating func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    )

    /// All layers of a batch have run.
    mutating func finishBatch()
}

extension Pruner {
    /// What enters the block.
    public var probePlace: ProbePlace { .block }

    /// All rows at once.
    public var needsWholeBatch: Bool { true }

    /// All rows at once.
    public var observesWholeBatch: Bool { true }

    /// Nothing stands in.
    public mutating func outputBias(
        of block: PrunableBlock,
        mask: ChannelMask,
        project: (ExpectedInput) -> OutputBias
    ) -> OutputBias? { nil }

    /// Learns nothing.
    public mutating func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    ) {}

    /// Has nothing to finish.
    public mutating func finishBatch() {}
}
