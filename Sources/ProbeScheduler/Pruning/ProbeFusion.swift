/// How a probe's mean squares and the history's become one.
public enum ProbeFusion: Sendable, Equatable {
    /// `(1 − r) · g + r · p` with `r = p / (p + g)`: the larger one dominates (arXiv:2502.15618, §3.3).
    case importance
    /// `(1 − α) · g + α · p` with the probe's share `α`, in `0...1`, in both kinds of block.
    ///
    /// The published program gives the probe `1 − α` in one of the kinds.
    case fixed(Float)
}
