public import ProbeScheduler

/// Whose version of a static method is meant.
///
/// All presets take statistics of dense passes, because one streaming pass gives them; the papers of
/// Wanda-sp and FLAP differ there (Wanda-sp's statistics come from already pruned layers).
public enum StaticPreset: String, Sendable, CaseIterable {
    /// As the method's paper has it: every layer, counts rounded down.
    case paper
    /// As the authors' program has it.
    case released
    /// As the program beside Probe Pruning has it: the first three layers dense, kept channels a
    /// multiple of 64, and FLAP's mean weighted too little.
    case pp
    /// The same with FLAP's mean weighted correctly.
    case ppCorrected = "pp-corrected"

    /// Which layers are pruned, and how counts are rounded.
    public func policy(ratio: Double) -> RatioPolicy {
        switch self {
        case .paper, .released:
            RatioPolicy(
                nominalRatio: ratio,
                skippedLayerCount: 0,
                channelMultiple: 1,
                rescales: false
            )
        case .pp, .ppCorrected: RatioPolicy(nominalRatio: ratio)
        }
    }
}
