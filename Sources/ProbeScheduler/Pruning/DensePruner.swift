public import Kernels

/// Never masks.
public struct DensePruner: Pruner, Sendable {
    /// A pruner that keeps everything.
    public init() {}

    /// Looks at no row.
    public var needsWholeBatch: Bool { false }

    /// Learns nothing.
    public var observesWholeBatch: Bool { false }

    /// Always nil: run dense.
    public func mask(
        for block: PrunableBlock,
        squaredNorms: [Float],
        normedSquaredNorms: () -> [Float],
        layout: BatchLayout,
        compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) -> ChannelMask? { nil }
}
