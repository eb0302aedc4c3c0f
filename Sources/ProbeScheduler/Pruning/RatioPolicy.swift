/// How many heads and channels a nominal pruning ratio keeps, and in which layers.
///
/// As in the published implementation: the first layers stay dense, the others take their share
/// (rounded to two decimals), heads round down, and kept channels are a multiple of 64. So the
/// realised reduction is below the nominal one; reports say what was realised.
public struct RatioPolicy: Sendable, Equatable {
    /// Share of heads and channels to remove, in `0..<1`.
    public var nominalRatio: Double
    /// Layers at the start that are never pruned.
    ///
    /// A model with no more layers than this skips none.
    public var skippedLayerCount: Int
    /// Kept channels are a multiple of this.
    public var channelMultiple: Int
    /// Whether the pruned layers make up for the skipped ones.
    public var rescales: Bool

    /// A policy with the published defaults.
    ///
    /// - Parameters:
    ///   - nominalRatio: Share removed, in `0..<1`.
    ///   - skippedLayerCount: Layers at the start that stay dense.
    ///   - channelMultiple: Kept channels are a multiple of this.
    ///   - rescales: Whether the pruned layers make up for the skipped ones.
    public init(
        nominalRatio: Double,
        skippedLayerCount: Int = 3,
        channelMultiple: Int = 64,
        rescales: Bool = true
    ) {
        self.nominalRatio = nominalRatio
        self.skippedLayerCount = skippedLayerCount
        self.channelMultiple = channelMultiple
        self.rescales = rescales
    }

    /// Whether a layer's blocks are pruned at all.
    public func prunes(layer: Int, of shape: ModelShape) -> Bool {
        nominalRatio > 0 && layer >= skipped(shape)
    }

    /// Whether statistics of a layer are worth keeping.
    public func covers(layer: Int, of shape: ModelShape) -> Bool { layer >= skipped(shape) }

    /// Share removed in a layer that is pruned: `round(L / (L − skipped) · ratio, 2)`, below 1.
    public func layerRatio(_ shape: ModelShape) -> Double {
        let skipped = skipped(shape)
        guard rescales, skipped > 0 else { return nominalRatio }
        let ratio = Double(shape.layerCount) / Double(shape.layerCount - skipped) * nominalRatio
        return min((ratio * 100).rounded() / 100, 0.99)
    }

    /// Query heads kept in a pruned layer, at least one.
    public func keptHeads(_ shape: ModelShape) -> Int {
        max(1, shape.headCount - Self.floor(layerRatio(shape) * Double(shape.headCount)))
    }

    /// MLP channels kept in a pruned layer: a multiple of `channelMultiple` where the ratio allows it.
    public func keptChannels(_ shape: ModelShape) -> Int {
        keptChannels(
            removing: Self.floor(layerRatio(shape) * Double(shape.channelCount)),
            shape
        )
    }

    /// MLP channels kept where `count` were to go: a multiple of `channelMultiple` where that allows it.
    public func keptChannels(removing count: Int, _ shape: ModelShape) -> Int {
        let channels = shape.channelCount
        var pruned = count
        let excess = (channels - pruned) % channelMultiple
        if excess != 0 { pruned -= channelMultiple - excess }
        return min(channels, max(1, channels - max(0, pruned)))
    }

    /// Units of a block that are kept in a pruned layer.
    public func kept(_ kind: PrunableBlock.Kind, _ shape: ModelShape) -> Int {
        switch kind {
        case .attention: keptHeads(shape)
        case .mlp: keptChannels(shape)
        }
    }

    private func skipped(_ shape: ModelShape) -> Int {
        shape.layerCount > skippedLayerCount ? skippedLayerCount : 0
    }

    /// Rounds down, but takes a product that misses a whole number by rounding error as that number.
    private static func floor(_ value: Double) -> Int { Int((value + 1e-9).rounded(.down)) }
}
