import ProbeScheduler

/// Removes the same share of every block that a policy prunes: the lowest scores first.
struct UniformSelection {
    let shape: ModelShape
    let policy: RatioPolicy

    /// - Parameter unitScores: Score of each channel or head of a block.
    /// - Returns: A mask for each block that the policy prunes.
    /// - Throws: `StaticPruningError.mask` when a score is not finite.
    func masks(
        _ unitScores: (PrunableBlock) -> [Float]
    ) throws(StaticPruningError) -> [PrunableBlock: ChannelMask] {
        var masks: [PrunableBlock: ChannelMask] = [:]
        for block in shape.blocks where policy.prunes(layer: block.layer, of: shape) {
            do {
                masks[block] = try ChannelMask(
                    keepingTop: policy.kept(block.kind, shape),
                    of: unitScores(block)
                )
            } catch {
                throw .mask(error, layer: block.layer, kind: block.kind)
            }
        }
        return masks
    }
}
