/// The rows of a batch that the probe runs on.
///
/// Residual importance (arXiv:2502.15618, §3.2): positions are ranked by the norm of the residual
/// stream over all samples, then samples by their norm over the chosen positions. The probe is the
/// cross product of both, less what shorter samples of a ragged batch lack.
public struct ProbeSelection: Sendable, Equatable {
    /// Chosen samples, ascending.
    public let samples: [Int]
    /// Chosen absolute positions, ascending.
    public let positions: [Int]
    /// Rows of the batch, sample by sample, positions ascending.
    public let rows: [Int32]
    /// For each of `rows`, the index of its position in `positions`.
    public let rowPositionIndex: [Int32]
    /// How many of `rows` each chosen sample contributes.
    public let sampleRowCounts: [Int]

    /// Whether positions or samples are chosen first; the second choice sees the first's rows alone.
    public enum Order: String, Sendable, CaseIterable {
        /// Positions over all samples, then samples over those positions: the published order.
        case tokensFirst = "tokens"
        /// Samples over all their positions, then positions over those samples.
        case samplesFirst = "samples"
    }

    /// Up to this many chosen positions, the first of the sequence (the attention sink) is forced in.
    private static let sinkRuleLimit = 10

    /// Ranks positions, then samples; of equal scores the lower index wins.
    ///
    /// - Parameters:
    ///   - squaredNorms: ‖residual‖² of each row of the batch.
    ///   - layout: Samples and positions of the rows; at least one row.
    ///   - tokenRatio: Share of positions, rounded up, at least two positions.
    ///   - sampleRatio: Share of samples, rounded up, at least one.
    ///   - order: Whether positions or samples are chosen first.
    public init(
        squaredNorms: [Float],
        layout: BatchLayout,
        tokenRatio: Double,
        sampleRatio: Double,
        order: Order = .tokensFirst
    ) {
        let early: [Int]? =
            switch order {
            case .tokensFirst: nil
            case .samplesFirst:
                Self.rankSamples(
                    squaredNorms,
                    layout: layout,
                    positions: Array(0..<layout.positionLimit),
                    ratio: sampleRatio
                )
            }
        var positions = Self.rankPositions(
            squaredNorms,
            layout: layout,
            samples: early ?? Array(layout.samples.indices),
            ratio: tokenRatio
        )
        if positions.count <= Self.sinkRuleLimit, positions.first != 0,
            (early ?? Array(layout.samples.indices)).contains(where: {
                layout.samples[$0].firstPosition == 0 && layout.samples[$0].rowCount > 0
            })
        {
            positions[0] = 0
        }
        let samples =
            early
            ?? Self.rankSamples(
                squaredNorms,
                layout: layout,
                positions: positions,
                ratio: sampleRatio
            )

        var (rows, indices, counts): ([Int32], [Int32], [Int]) = ([], [], [])
        for sample in samples.map({ layout.samples[$0] }) {
            let before = rows.count
            for (index, position) in positions.enumerated()
            where sample.positions.contains(position) {
                rows.append(Int32(sample.firstRow + position - sample.firstPosition))
                indices.append(Int32(index))
            }
            counts.append(rows.count - before)
        }
        self.samples = samples
        self.positions = positions
        self.rows = rows
        rowPositionIndex = indices
        sampleRowCounts = counts
    }

    /// A selection made elsewhere.
    init(
        samples: [Int],
        positions: [Int],
        rows: [Int32],
        rowPositionIndex: [Int32],
        sampleRowCounts: [Int]
    ) {
        self.samples = samples
        self.positions = positions
        self.rows = rows
        self.rowPositionIndex = rowPositionIndex
        self.sampleRowCounts = sampleRowCounts
    }

    private static func rankPositions(
        _ norms: [Float],
        layout: BatchLayout,
        samples: [Int],
        ratio: Double
    ) -> [Int] {
        var scores = [Double](repeating: 0, count: layout.positionLimit)
        var occurs = [Bool](repeating: false, count: layout.positionLimit)
        for row in samples.lazy.flatMap({ layout.samples[$0].rows }) {
            let position = Int(layout.positions[row])
            scores[position] += Double(norms[row])
            occurs[position] = true
        }
        let present = occurs.indices.filter { occurs[$0] }
        let count = min(present.count, max(ceiling(ratio * Double(present.count)), 2))
        return top(count, of: present) { scores[$0] }
    }

    private static func rankSamples(
        _ norms: [Float],
        layout: BatchLayout,
        positions: [Int],
        ratio: Double
    ) -> [Int] {
        let scores = layout.samples.map { sample in
            positions.reduce(0.0) { sum, position in
                guard sample.positions.contains(position) else { return sum }
                return sum + Double(norms[sample.firstRow + position - sample.firstPosition])
            }
        }
        // A sample without any of the positions would leave the probe empty.
        let eligible = layout.samples.indices.filter { index in
            positions.contains { layout.samples[index].positions.contains($0) }
        }
        let count = max(ceiling(ratio * Double(layout.samples.count)), 1)
        return top(min(count, eligible.count), of: eligible) { scores[$0] }
    }

    /// The `count` candidates with the largest score, ascending by index.
    private static func top(_ count: Int, of candidates: [Int], score: (Int) -> Double) -> [Int] {
        let ranked = candidates.sorted { (score($0), $1) > (score($1), $0) }
        return ranked.prefix(count).sorted()
    }

    /// Rounds up, but takes a product that exceeds a whole number by rounding error as that number.
    static func ceiling(_ value: Double) -> Int { Int((value - 1e-9).rounded(.up)) }
}
