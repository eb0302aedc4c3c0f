import Kernels
import ProbeScheduler

/// Runs another pruner and remembers what it kept in each block of the last two batches.
struct MaskRecorder: Pruner {
    private var pruner: any Pruner
    private let shape: ModelShape
    private var current: [ChannelMask?]
    private var previous: [ChannelMask?]?

    init(_ pruner: any Pruner, shape: ModelShape) {
        self.pruner = pruner
        self.shape = shape
        current = Array(repeating: nil, count: 2 * shape.layerCount)
    }

    /// Share kept in each block of the last batch.
    var keptShares: [Double] {
        current.map { $0.map { Double($0.kept.count) / Double($0.channelCount) } ?? 1 }
    }

    /// Overlap of each block's last two masks.
    var overlaps: [Double?] {
        guard let previous else { return current.map { _ in nil } }
        return zip(current, previous).map { new, old in
            guard let new, let old else { return nil }
            return new.jaccard(with: old)
        }
    }

    /// A new batch begins.
    mutating func beginBatch(isFirst: Bool) {
        previous = isFirst ? nil : current
        current = current.map { _ in nil }
    }

    var probePlace: ProbePlace { pruner.probePlace }
    var needsWholeBatch: Bool { pruner.needsWholeBatch }
    var observesWholeBatch: Bool { pruner.observesWholeBatch }

    mutating func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask? {
        let mask = try pruner.mask(
            for: block,
            squaredNorms: squaredNorms,
            normedSquaredNorms: normedSquaredNorms,
            layout: layout,
            compute: compute,
            firstHalf: firstHalf
        )
        current[block.index] = mask
        return mask
    }

    mutating func outputBias(
        of block: PrunableBlock,
        mask: ChannelMask,
        project: (ExpectedInput) -> OutputBias
    ) -> OutputBias? { pruner.outputBias(of: block, mask: mask, project: project) }

    mutating func observe(
        _ block: PrunableBlock,
        intermediate: borrowing Activations,
        mask: ChannelMask?,
        layout: BatchLayout,
        compute: Compute
    ) {
        pruner.observe(
            block,
            intermediate: intermediate,
            mask: mask,
            layout: layout,
            compute: compute
        )
    }

    mutating func finishBatch() { pruner.finishBatch() }
}
