public import ProbeScheduler

/// Why a static method cannot decide.
public enum StaticPruningError: Error, Equatable, CustomStringConvertible {
    /// The method needs calibration statistics.
    case noHistory(StaticMethod)
    /// The statistics lack what the preset needs.
    case noMoments(StaticMethod, StaticPreset)
    /// The statistics were merged, and the preset's estimate depends on the order of samples.
    case merged(StaticPreset)
    /// A mask could not be made.
    case mask(MaskError, layer: Int, kind: PrunableBlock.Kind)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .noHistory(let method):
            "\(method.rawValue) needs calibration statistics: give --history FILE, "
                + "or run `sonde calibrate`"
        case .noMoments(let method, let preset):
            "\(method.rawValue), preset \(preset.rawValue): the history has no moments of all layers; "
                + "calibrate again"
        case .merged(let preset):
            "preset \(preset.rawValue) depends on the order of samples, which a merged history has not; "
                + "use preset paper, or calibrate in one run"
        case .mask(let error, let layer, let kind):
            "layer \(layer) \(kind.rawValue): \(error)"
        }
    }
}
