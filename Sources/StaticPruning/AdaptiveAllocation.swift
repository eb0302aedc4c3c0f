import ProbeScheduler

/// What units cost when they are ranked together, and where the ranking is cut.
struct AllocationCosts {
    /// Where the cumulative cost of what is removed stops.
    enum Stop {
        /// Nearest to the budget: FLAP's own.
        case nearest
        /// At the first unit that reaches it: the program beside Probe Pruning.
        case reached
    }

    /// A head, in MLP channels.
    let head: Double
    /// Where to cut.
    let stops: Stop
}

/// FLAP's adaptive allocation: scores standardised within each block, ranked over all of them.
struct AdaptiveAllocation {
    let shape: ModelShape
    let policy: RatioPolicy
    let costs: AllocationCosts

    private struct Unit {
        let block: PrunableBlock
        let score: Double
        let cost: Double
    }

    /// How many units each block keeps, at least one.
    ///
    /// - Parameter channelScores: Score of each channel of every block that is pruned.
    /// - Returns: A count for each of those blocks.
    /// - Throws: `StaticPruningError.mask` when a score is not finite.
    func keptCounts(
        _ channelScores: [PrunableBlock: [Float]]
    ) throws(StaticPruningError) -> [PrunableBlock: Int] {
        var units: [Unit] = []
        for block in channelScores.keys.sorted() {
            let scores = channelScores[block] ?? []
            if let channel = scores.firstIndex(where: { !$0.isFinite }) {
                throw .mask(
                    .nonFiniteScore(channel: channel),
                    layer: block.layer,
                    kind: block.kind
                )
            }
            let standard = Self.standardised(scores)
            let width = block.kind == .attention ? shape.headDimension : 1
            let cost = block.kind == .attention ? costs.head : 1
            for first in stride(from: 0, to: standard.count, by: width) {
                let sum = standard[first..<first + width].reduce(0, +)
                units.append(Unit(block: block, score: sum / Double(width), cost: cost))
            }
        }
        let threshold = removedThreshold(units)
        var removed: [PrunableBlock: Int] = [:]
        for unit in units where unit.score <= threshold {
            removed[unit.block, default: 0] += 1
        }
        var kept: [PrunableBlock: Int] = [:]
        for block in channelScores.keys {
            let count = removed[block] ?? 0
            switch block.kind {
            case .attention: kept[block] = max(1, shape.headCount - count)
            case .mlp: kept[block] = policy.keptChannels(removing: count, shape)
            }
        }
        return kept
    }

    /// The highest score that is removed; −∞: none is.
    private func removedThreshold(_ units: [Unit]) -> Double {
        let ranked = units.sorted { $0.score < $1.score }
        let budget = policy.layerRatio(shape) * units.reduce(0) { $0 + $1.cost }
        var threshold = -Double.infinity
        var sum = 0.0
        for unit in ranked {
            let next = sum + unit.cost
            if costs.stops == .nearest, abs(next - budget) > abs(sum - budget) { break }
            threshold = unit.score
            sum = next
            if sum >= budget { break }
        }
        return threshold
    }

    /// Mean 0 and standard deviation 1 (`n − 1` in the denominator); all 0 where all are equal.
    static func standardised(_ scores: [Float]) -> [Double] {
        let values = scores.map(Double.init)
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / Double(max(1, values.count - 1))).squareRoot()
        return values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
    }
}
