extension ProbeHistory {
    /// Lets the statistics of another text in, weighted by what each position has seen.
    ///
    /// - Parameter other: Statistics of dense passes of the same model, of as many positions.
    /// - Throws: `HistoryMergeError` when the two do not cover the same.
    public mutating func merge(_ other: ProbeHistory) throws(HistoryMergeError) {
        guard other.shape == shape else { throw .anotherModel }
        guard other.positionCount == positionCount else {
            throw .positions(positionCount, other.positionCount)
        }
        guard shape.blocks.allSatisfy({ covers($0) == other.covers($0) }) else {
            throw .layers
        }
        let shares = zip(sampleCounts, other.sampleCounts).map { own, added in
            own + added == 0 ? 0 : Double(added) / Double(own + added)
        }
        for block in shape.blocks where covers(block) {
            let width = shape.consumerWidth(block.kind)
            let merged = zip(self[block], other[block]).enumerated().map { index, pair in
                let (own, added) = (Double(pair.0), Double(pair.1))
                return Float(own + shares[index / width] * (added - own))
            }
            replace(block, with: merged)
        }
        replaceSampleCounts(zip(sampleCounts, other.sampleCounts).map(+))
        mergeMoments(other)
    }

    private mutating func mergeMoments(_ other: ProbeHistory) {
        guard let added = other.moments, var own = moments else {
            moments = nil
            return
        }
        for index in own.indices { own[index].merge(added[index]) }
        moments = own
    }
}

/// Why two histories do not merge.
public enum HistoryMergeError: Error, Equatable, CustomStringConvertible {
    /// They are of models of different shapes.
    case anotherModel
    /// They keep different numbers of positions apart.
    case positions(Int, Int)
    /// They cover different layers.
    case layers

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .anotherModel: "the histories are of models of different shapes"
        case .positions(let first, let second):
            "the histories keep \(first) and \(second) positions apart; expected the same --context"
        case .layers: "the histories cover different layers"
        }
    }
}
