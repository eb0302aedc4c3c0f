/// Averages of one consumer's input over some rows, a channel each.
public struct ChannelAverages: Sendable, Equatable {
    /// Mean square, `[width]`.
    public private(set) var meanSquares: [Float]
    /// Mean, `[width]`; empty where nobody asked for it.
    public private(set) var means: [Float]

    /// Averages that are known.
    public init(meanSquares: [Float], means: [Float] = []) {
        precondition(means.isEmpty || means.count == meanSquares.count, "one value a channel")
        self.meanSquares = meanSquares
        self.means = means
    }

    /// Replaces the mean squares of the given channels by sums of squares over `rowCount` rows.
    mutating func replaceMeanSquares(_ columns: [Int32], bySums sums: Span<Float>, rowCount: Int) {
        Self.replace(&meanSquares, columns, sums, rowCount)
    }

    /// Replaces the means of the given channels by sums over `rowCount` rows.
    mutating func replaceMeans(_ columns: [Int32], bySums sums: Span<Float>, rowCount: Int) {
        Self.replace(&means, columns, sums, rowCount)
    }

    private static func replace(
        _ list: inout [Float],
        _ columns: [Int32],
        _ sums: Span<Float>,
        _ rowCount: Int
    ) {
        let factor = 1 / Float(rowCount)
        for (index, column) in columns.enumerated() { list[Int(column)] = sums[index] * factor }
    }

    /// The weighted average with another; the weights are not both zero.
    func averaged(
        weight: Float,
        with other: ChannelAverages,
        weight otherWeight: Float
    ) -> ChannelAverages {
        func average(_ left: [Float], _ right: [Float]) -> [Float] {
            zip(left, right).map {
                (weight * $0 + otherWeight * $1) / (weight + otherWeight)
            }
        }
        return ChannelAverages(
            meanSquares: average(meanSquares, other.meanSquares),
            means: average(means, other.means)
        )
    }
}
