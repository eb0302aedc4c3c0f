import Foundation

/// What a sweep says of one run in one cell.
public struct SweepRow: Codable, Sendable, Equatable {
    /// Where.
    public var cell: SweepCell
    /// What.
    public var run: SweepRun
    /// Windows measured.
    public var windows: Int
    /// `exp` of the mean negative log-likelihood.
    public var perplexity: Double
    /// Its standard error, windows taken as independent.
    public var perplexityStandardError: Double
    /// Wall time a token from the embedding to the final norm, probe included.
    public var secondsPerToken: Double
    /// Its standard error over batches.
    public var secondsPerTokenStandardError: Double
    /// Share of that time in probing, scoring, selection and compensation.
    public var probeTimeShare: Double
    /// Multiply-adds of the blocks' linear layers that were saved, probe included, as a share of dense.
    public var realisedReduction: Double
    /// The probe's multiply-adds, as a share of dense.
    public var probeRatio: Double
    /// Share of the blocks' linear parameters that a static method removes; a dynamic one keeps all.
    public var parameterReduction: Double
    /// Share of the KV cache that is saved: none, since keys and values are always kept whole.
    public var kvReduction: Double
    /// Performance degradation ÷ runtime reduction against dense in the same cell, in perplexity a
    /// microsecond and token; nil: no reduction.
    public var ratioOfDegradationToReduction: Double?
    /// Whether no other run of the cell is both faster and better.
    public var isOnParetoFront: Bool
    /// By `PrunableBlock.index`: mean share kept.
    public var keptShares: [Double]
    /// By `PrunableBlock.index`: mean overlap of successive masks; nil: a dense block, or one batch.
    public var overlaps: [Double?]

    /// Rows of all cells, in the order of first measuring.
    ///
    /// - Parameters:
    ///   - records: Of complete and incomplete runs alike.
    ///   - cells: Which cells to report.
    ///   - runs: Which runs, in the order of the rows.
    /// - Returns: A row for each run that has a record in a cell.
    public static func rows(
        _ records: [SweepRecord],
        cells: [SweepCell],
        runs: [SweepRun]
    ) -> [SweepRow] {
        cells.flatMap { cell -> [SweepRow] in
            var rows = runs.compactMap { run in
                SweepRow(records.filter { $0.cell == cell && $0.run == run })
            }
            let dense = rows.first { $0.run.ratio == 0 }
            for index in rows.indices {
                let row = rows[index]
                rows[index].isOnParetoFront = !rows.contains {
                    $0.perplexity <= row.perplexity && $0.secondsPerToken <= row.secondsPerToken
                        && ($0.perplexity < row.perplexity
                            || $0.secondsPerToken < row.secondsPerToken)
                }
                guard let dense, row.run.ratio > 0 else { continue }
                let saved = 1e6 * (dense.secondsPerToken - row.secondsPerToken)
                guard saved > 0 else { continue }
                rows[index].ratioOfDegradationToReduction =
                    (row.perplexity - dense.perplexity) / saved
            }
            return rows
        }
    }

    /// Sums up the records of one run in one cell; nil: there are none.
    private init?(_ records: [SweepRecord]) {
        guard let first = records.first else { return nil }
        cell = first.cell
        run = first.run
        let means = records.flatMap(\.windowMeans)
        let times = records.map { $0.seconds / Double($0.tokens) }
        let seconds = records.reduce(0) { $0 + $1.seconds }
        let tokens = records.reduce(0) { $0 + $1.tokens }
        func weighted(_ value: (SweepRecord) -> Double) -> Double {
            records.reduce(0) { $0 + value($1) * Double($1.tokens) } / Double(max(1, tokens))
        }
        windows = means.count
        perplexity = exp(means.mean)
        perplexityStandardError = perplexity * means.standardErrorOfMean
        secondsPerToken = seconds / Double(max(1, tokens))
        secondsPerTokenStandardError = times.standardErrorOfMean
        probeTimeShare = records.reduce(0) { $0 + $1.probeSeconds } / max(seconds, 1e-12)
        realisedReduction = 1 - weighted(\.realisedRatio)
        probeRatio = weighted(\.probeRatio)
        kvReduction = 0
        isOnParetoFront = false
        keptShares = first.keptShares.indices.map { block in
            records.map { $0.keptShares[block] }.mean
        }
        overlaps = first.overlaps.indices.map { block in
            let known = records.compactMap { $0.overlaps[block] }
            return known.isEmpty ? nil : known.mean
        }
        // What is static needs no probe, and reads what it removes in no batch.
        parameterReduction = probeRatio == 0 ? realisedReduction : 0
    }
}
