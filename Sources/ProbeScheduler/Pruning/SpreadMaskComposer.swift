/// Composes decode masks, and the biases for what they remove, as `SpreadProbePruner` does from a probe.
///
/// Every member counts alike; all of its rows are known for channels that its prefill kept, and for the
/// others the estimate that removed them.
public struct SpreadMaskComposer: DecodeMaskComposer {
    private let scorer: SpreadScorer

    init(_ scorer: SpreadScorer) {
        self.scorer = scorer
    }

    /// Masks and expected inputs of every block that is pruned.
    public func pruner(for members: [SequenceStatistics]) throws(MaskError) -> StaticPruner {
        var masks: [PrunableBlock: ChannelMask] = [:]
        var expected: [PrunableBlock: ExpectedInput] = [:]
        for block in scorer.shape.blocks where scorer.prunes(block) {
            let known = members.filter { $0[block] != nil }
            guard let own = average(known.compactMap { $0[block] }) else { continue }
            let rows = known.reduce(0) { $0 + min($1.tokenCount, SequenceStatistics.memoryLimit) }
            let means = scorer.means(own.means, rows: rows, of: block)
            let deviations = scorer.deviations(
                own.meanSquaredDeviations(from: means),
                rows: rows,
                of: block
            )
            masks[block] = try scorer.choose(block, deviations: deviations).mask
            expected[block] = ExpectedInput(means: means)
        }
        return StaticPruner(masks: masks, expectedInputs: expected)
    }

    private func average(_ members: [ChannelAverages]) -> ChannelAverages? {
        guard var sum = members.first else { return nil }
        for (count, next) in members.enumerated().dropFirst() {
            sum = sum.averaged(weight: Float(count), with: next, weight: 1)
        }
        return sum
    }
}

extension ChannelAverages {
    /// Mean of `(x − centre)²` of each channel.
    fileprivate func meanSquaredDeviations(from centres: [Float]) -> [Float] {
        zip(zip(meanSquares, means), centres).map { averages, centre in
            let deviation = averages.0 - 2 * centre * averages.1 + centre * centre
            // Not `max`, which would make 0 of NaN.
            return deviation < 0 ? 0 : deviation
        }
    }
}
