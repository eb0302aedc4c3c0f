/// Why a batch ran dense though it asked for pruning.
public enum DenseFallback: String, Sendable, CaseIterable {
    /// A score was NaN or infinite.
    case nonFinite = "nonfinite"
    /// Pruning is measured to be slower for such batches.
    case slower
    /// What dense batches cost was to be measured.
    case trial
    /// Pruned answers were too far from dense ones.
    case divergence
}
