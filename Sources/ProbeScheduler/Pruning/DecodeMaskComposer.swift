/// Composes the masks of a decode batch from its members' statistics; ours, beyond the paper.
///
/// No probe runs: the cost is O(channels), and that of a bias where removed channels are compensated for.
public protocol DecodeMaskComposer: Sendable {
    /// Masks of every block that is pruned, with what stands in for the removed channels.
    ///
    /// - Parameter members: Statistics of the batch's sequences; none: no masks.
    /// - Returns: A pruner for every step of that batch.
    /// - Throws: `MaskError` when a score is not finite.
    /// - Complexity: O(members × channels), and a sort a block.
    func pruner(for members: [SequenceStatistics]) throws(MaskError) -> StaticPruner
}
