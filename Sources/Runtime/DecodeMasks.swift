import ProbeScheduler

/// The statistics of sequences under way, and the masks that decode batches of them get.
struct DecodeMasks {
    private var statistics: [RequestID: SequenceStatistics] = [:]
    private var stepsSinceRefresh: [RequestID: Int] = [:]
    private var composers: [MaskClass: any DecodeMaskComposer] = [:]
    private var composed: [[RequestID]: StaticPruner] = [:]

    /// Takes the statistics that a prefill gave its sequences; a later chunk adds to an earlier one.
    ///
    /// - Parameters:
    ///   - batch: The prefill; a chunk at position 0 makes its sequence's statistics anew.
    ///   - found: Statistics of each chunk.
    ///   - composer: Made of the history after this batch.
    mutating func learn(
        _ batch: Batch,
        _ found: [SequenceStatistics],
        composer: any DecodeMaskComposer
    ) {
        composers[batch.maskClass] = composer
        for chunk in batch.chunks where chunk.tokens.lowerBound == 0 { statistics[chunk.id] = nil }
        merge(batch.chunks.map(\.id), found)
    }

    /// Adds a dense decode step's statistics.
    mutating func refresh(_ members: [RequestID], _ found: [SequenceStatistics]) {
        for id in members { stepsSinceRefresh[id] = 0 }
        merge(members, found)
    }

    /// Whether a decode step of `members` is to run dense; counts their steps.
    mutating func isRefreshDue(_ members: [RequestID], interval: Int?) -> Bool {
        guard let interval else { return false }
        var isDue = false
        for id in members {
            stepsSinceRefresh[id, default: 0] += 1
            isDue = isDue || stepsSinceRefresh[id, default: 0] >= interval
        }
        return isDue
    }

    /// What prunes a decode batch; composed anew only when its members or their statistics change.
    mutating func pruner(for batch: Batch) throws(MaskError) -> StaticPruner {
        let members = batch.chunks.map(\.id)
        if let pruner = composed[members] { return pruner }
        guard let composer = composers[batch.maskClass] else { return StaticPruner(masks: [:]) }
        let pruner = try composer.pruner(for: members.compactMap { statistics[$0] })
        composed[members] = pruner
        return pruner
    }

    /// Forgets a sequence that has ended.
    mutating func forget(_ id: RequestID) {
        statistics[id] = nil
        stepsSinceRefresh[id] = nil
        drop(masksOf: [id])
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
        drop(masksOf: Set(members))
    }

    private mutating func drop(masksOf changed: Set<RequestID>) {
        composed = composed.filter { changed.isDisjoint(with: $0.key) }
    }
}
