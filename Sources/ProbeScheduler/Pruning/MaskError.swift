/// Why a mask could not be built.
public enum MaskError: Error, Equatable, CustomStringConvertible {
    /// The keep count lies outside `1...channels`.
    case keepCountOutOfRange(Int, channels: Int)
    /// A score is NaN or infinite: the probe overflowed, or the calibration file is damaged.
    case nonFiniteScore(channel: Int)
    /// A kept list is not ascending, or leaves `0..<channels`.
    case invalidList(channels: Int)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .keepCountOutOfRange(let count, let channels):
            "a mask keeps \(count) channels; expected 1 to \(channels)"
        case .nonFiniteScore(let channel):
            "channel \(channel) has a score that is not finite; "
                + "the activations overflowed or the history is damaged"
        case .invalidList(let channels):
            "a kept list must ascend within 0..<\(channels)"
        }
    }
}
