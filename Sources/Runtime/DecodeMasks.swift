import ProbeScheduler

/// The statistics of sequences under way, and the masks that decode batches of them get.
struct DecodeMasks {
    private var statistics: [RequestID: SequenceStatistics] = [:]
    private var composer: DecodeMaskComposer?
    private var composed: [[RequestID]: [PrunableBlock: ChannelMask]] = [:]
    private var stepsSinceRefresh = 0

    /// Takes the statistics that a prefill gave its sequences; a later chunk adds to an earlier one.
    ///
    /// - Parameters:
    ///   - members: Sequences of the batch, in its order.
    ///   - found: Statistics of each.
    ///   - composer: Made of the history after this batch.
    mutating func learn(
        _ members: [RequestID],
        _ found: [SequenceStatistics],
        composer: DecodeMaskComposer
    ) {
        self.composer = composer
        merge(members, found)
    }

    /// Adds a dense decode step's statistics.
    mutating func refresh(_ members: [RequestID], _ found: [SequenceStatistics]) {
        stepsSinceRefresh = 0
        merge(members, found)
    }

    /// Whether the next decode step is to run dense; counts the steps.
    mutating func isRefreshDue(interval: Int?) -> Bool {
        guard let interval else { return false }
        stepsSinceRefresh += 1
        return stepsSinceRefresh >= interval
    }

    /// The masks of a decode batch; composed anew only when its members or their statistics change.
    mutating func masks(for members: [RequestID]) throws(MaskError) -> [PrunableBlock: ChannelMask]
    {
        if let masks = composed[members] { return masks }
        guard let composer else { return [:] }
        let masks = try composer.masks(for: members.compactMap { statistics[$0] })
        composed[members] = masks
        return masks
    }

    /// Forgets a sequence that has ended.
    mutating func forget(_ id: RequestID) {
        statistics[id] = nil
        composed = [:]
    }

    private mutating func merge(_ members: [RequestID], _ found: [SequenceStatistics]) {
        for (id, new) in zip(members, found) {
            guard var known = statistics[id] else {
                statistics[id] = new
                continue
            }
            known.merge(new)
            statistics[id] = known
        }
        composed = [:]
    }
}
