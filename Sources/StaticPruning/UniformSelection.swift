import ProbeScheduler

/// Removes the same share of every block that a policy prunes: the lowest scores first.
struct UniformSelection {
    let shape: ModelShape
    let policy: RatioPolicy

    /// - Parameter channelScores: Score of each channel of a block's consumer; a head has the sum of
    ///   its channels' scores.
    /// - Returns: A mask for each block that the policy prunes.
    /// - Throws: `StaticPruningError.mask` when a score is not finite.
    func masks(
        _ channelScores: (PrunableBlock) -> [Float]
    ) throws(StaticPruningError) -> [PrunableBlock: ChannelMask] {
        var masks: [PrunableBlock: ChannelMask] = [:]
        for block in shape.blocks where policy.prunes(layer: block.layer, of: shape) {
            var scores = channelScores(block)
            if block.kind == .attention {
                scores = ChannelScore.heads(scores, headDimension: shape.headDimension)
            }
            do {
                masks[block] = try ChannelMask(
                    keepingTop: policy.kept(block.kind, shape),
                    of: scores
                )
            } catch {
                throw .mask(error, layer: block.layer, kind: block.kind)
            }
        }
        return masks
    }
}
