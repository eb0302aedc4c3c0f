/// The knobs of Probe Pruning; the defaults are the published ones.
public struct ProbeConfiguration: Sendable, Equatable {
    /// What ranks positions and samples.
    public enum Importance: String, Sendable, CaseIterable {
        /// The norm of the residual stream.
        case residual
        /// The norm of the block's input, after its norm.
        case input
    }

    /// What the history does between batches.
    public enum HistoryUse: String, Sendable, CaseIterable {
        /// Full passes enter it, by a moving average.
        case moving
        /// It stays what calibration made it.
        case fixed
    }

    /// Share of positions in the probe, rounded up.
    public var tokenRatio: Double
    /// Share of samples in the probe, rounded up.
    public var sampleRatio: Double
    /// Most of a batch's rows that the probe takes: of few samples it takes fewer positions then.
    ///
    /// One sample of twenty and half of its positions are a fortieth of the rows, but a half of a sample
    /// by itself, which costs about what its mask saves. Ours; as published there is no limit.
    public var largestRowShare = 1.0
    /// Weight of the past when a batch enters the history.
    public var momentum: Float
    /// Whether each sequence's own statistics are kept, for decoding.
    public var collectsSequenceStatistics: Bool
    /// Whether positions or samples are chosen first.
    public var order = ProbeSelection.Order.tokensFirst
    /// What ranks positions and samples.
    public var importance = Importance.residual
    /// What the history does between batches.
    public var historyUse = HistoryUse.moving
    /// How the probe and the history become one.
    public var fusion = ProbeFusion.importance
    /// Where the probe looks.
    public var place = ProbePlace.block

    /// Knobs as published, unless said otherwise.
    ///
    /// - Parameters:
    ///   - tokenRatio: Share of positions in the probe.
    ///   - sampleRatio: Share of samples in the probe.
    ///   - momentum: Weight of the past in the history.
    ///   - collectsSequenceStatistics: Whether statistics for decoding are kept.
    public init(
        tokenRatio: Double = 0.5,
        sampleRatio: Double = 0.05,
        momentum: Float = 0.99,
        collectsSequenceStatistics: Bool = false
    ) {
        self.tokenRatio = tokenRatio
        self.sampleRatio = sampleRatio
        self.momentum = momentum
        self.collectsSequenceStatistics = collectsSequenceStatistics
    }

    /// Share of positions in the probe of a batch of so many samples.
    func tokenRatio(sampleCount: Int) -> Double {
        let probed = max(ProbeSelection.ceiling(sampleRatio * Double(sampleCount)), 1)
        return min(tokenRatio, largestRowShare * Double(sampleCount) / Double(probed))
    }

    /// Full-batch probing: every row is in the probe.
    ///
    /// An upper bound, not a method for speed.
    public static let fullBatch = ProbeConfiguration(tokenRatio: 1, sampleRatio: 1)
}
