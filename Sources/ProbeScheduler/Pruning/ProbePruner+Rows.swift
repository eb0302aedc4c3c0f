import Kernels

extension ProbeSelection {
    /// No rows, and every position of a batch: what the history alone is asked for.
    init(historyAt layout: BatchLayout) {
        self.init(
            samples: [],
            positions: Set(layout.positions.map { Int($0) }).sorted(),
            rows: [],
            rowPositionIndex: [],
            sampleRowCounts: []
        )
    }

    /// Divides each position's sums by the number of probe rows at that position.
    ///
    /// - Parameter sums: `[positions, width]`.
    func divideByRowCounts(_ sums: inout Activations) {
        var counts = [Int](repeating: 0, count: positions.count)
        for index in rowPositionIndex { counts[Int(index)] += 1 }
        for (position, count) in counts.enumerated() where count > 1 {
            let factor = 1 / Float(count)
            var row = sums.mutableRow(position)
            for column in row.indices { row[column] *= factor }
        }
    }
}

extension Activations {
    /// Adds every row to `total`, first row first.
    func addRows(to total: inout [Float]) {
        var sums = total.map(Double.init)
        for index in 0..<rowCount {
            let row = row(index)
            for column in row.indices { sums[column] += Double(row[column]) }
        }
        total = sums.map(Float.init)
    }
}

extension BatchLayout {
    /// Number of samples that have each position, `[positionLimit]`.
    var sampleCounts: [Int] {
        var counts = [Int](repeating: 0, count: positionLimit)
        for position in positions { counts[Int(position)] += 1 }
        return counts
    }

    /// Sample that each row belongs to.
    var sampleOfRow: [Int32] {
        samples.enumerated().flatMap { index, sample in
            repeatElement(Int32(index), count: sample.rowCount)
        }
    }
}

extension ModelShape {
    /// Columns of the consumer's input that a mask keeps; nil: all.
    func consumerColumns(of mask: ChannelMask?, _ kind: PrunableBlock.Kind) -> [Int32]? {
        guard let mask else { return nil }
        switch kind {
        case .mlp: return mask.kept
        case .attention:
            let width = Int32(headDimension)
            return mask.kept.flatMap { $0 * width..<($0 + 1) * width }
        }
    }
}
