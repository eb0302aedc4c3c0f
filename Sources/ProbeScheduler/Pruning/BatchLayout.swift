/// Which rows of a batch's activations belong to which sample, without padding.
public struct BatchLayout: Sendable, Equatable {
    /// A run of rows that belong to one sequence.
    public struct Sample: Sendable, Equatable {
        /// First row of the run.
        public let firstRow: Int
        /// Rows in the run.
        public let rowCount: Int
        /// Absolute position of the first row in its sequence.
        public let firstPosition: Int

        /// A run of rows.
        public init(firstRow: Int, rowCount: Int, firstPosition: Int) {
            self.firstRow = firstRow
            self.rowCount = rowCount
            self.firstPosition = firstPosition
        }

        /// Absolute positions of the rows.
        public var positions: Range<Int> { firstPosition..<firstPosition + rowCount }

        /// Rows of the batch.
        public var rows: Range<Int> { firstRow..<firstRow + rowCount }
    }

    /// The samples, in row order.
    public let samples: [Sample]
    /// Rows in all.
    public let rowCount: Int
    /// Absolute position of each row.
    public let positions: [Int32]
    /// One more than the largest position; 0 for an empty batch.
    public let positionLimit: Int

    /// A batch of runs that follow each other without a gap.
    public init(samples: [Sample]) {
        self.samples = samples
        rowCount = samples.reduce(0) { $0 + $1.rowCount }
        positions = samples.flatMap { $0.positions.map(Int32.init) }
        positionLimit = samples.map(\.positions.upperBound).max() ?? 0
    }

    /// A batch of sequences that follow each other.
    ///
    /// - Parameters:
    ///   - lengths: Rows of each sample.
    ///   - firstPositions: Position of each sample's first row; nil: all start at 0.
    public init(lengths: [Int], firstPositions: [Int]? = nil) {
        var samples: [Sample] = []
        var row = 0
        for (index, length) in lengths.enumerated() {
            samples.append(
                Sample(
                    firstRow: row,
                    rowCount: length,
                    firstPosition: firstPositions?[index] ?? 0
                )
            )
            row += length
        }
        self.init(samples: samples)
    }

    /// Some rows of the batch as a batch of their own; samples without any of them are left out.
    public func part(_ rows: Range<Int>) -> BatchLayout {
        BatchLayout(
            samples: samples.compactMap { sample in
                let kept = sample.rows.clamped(to: rows)
                guard !kept.isEmpty else { return nil }
                return Sample(
                    firstRow: kept.lowerBound - rows.lowerBound,
                    rowCount: kept.count,
                    firstPosition: sample.firstPosition + kept.lowerBound - sample.firstRow
                )
            }
        )
    }
}
