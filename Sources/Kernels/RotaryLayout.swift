/// Which two entries of a head form a pair that is rotated.
public enum RotaryLayout: Sendable {
    /// Neighbours: `2i` and `2i + 1`.
    case interleaved
    /// `i` and `i + pairs`.
    case halves
}
