/// Where in the residual stream a block's probe looks.
public enum ProbePlace: String, Sendable, CaseIterable {
    /// At what enters the block: the published method.
    case block
    /// At what entered the block before, through this block's norm: such a probe could run beside that
    /// block (`asyncintra` in the published program, which runs it in turn, as we do).
    case earlier
    /// Nowhere: the history alone decides, an ablation; without a history nothing is pruned.
    case none
}
