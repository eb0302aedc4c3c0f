import Foundation
import Kernels
public import ProbeScheduler
public import Runtime

extension PerplexityEvaluator {
    /// Runs every batch twice, dense and pruned, and compares the predictions.
    ///
    /// Logits live for a tile of rows at a time; what stays of a token is its divergence.
    ///
    /// - Parameters:
    ///   - windows: What `windows(of:maxBatches:)` gave.
    ///   - pruner: Decides masks; its history moves on from batch to batch.
    ///   - progress: Called after each batch with the windows done.
    /// - Returns: The pruned model's likelihoods and costs, and the divergence from dense.
    /// - Throws: `RuntimeError` when a pass fails.
    public func compare(
        _ windows: [[Int32]],
        pruner: inout any Pruner,
        progress: (Int) -> Void = { _ in }
    ) throws(RuntimeError) -> (result: PerplexityResult, divergence: Divergence) {
        var report = ForwardReport(shape: model.shape)
        var unused = report
        var means: [Double] = []
        var divergence = Divergence()
        let (denseSpace, prunedSpace) = (try makeWorkspace(), try makeWorkspace())
        let size = maskScope == .sequence ? 1 : batchSize
        var cache = try makeCache(windows: min(size, windows.count))
        for start in stride(from: 0, to: windows.count, by: size) {
            let batch = Array(windows[start..<min(start + size, windows.count)])
            let input = forwardBatch(batch, blockSize: cache.blockSize)
            var dense = DensePruner()
            try model.forward(
                input,
                cache: &cache,
                pruner: &dense,
                workspace: denseSpace,
                report: &unused
            )
            try model.forward(
                input,
                cache: &cache,
                pruner: &pruner,
                workspace: prunedSpace,
                report: &report
            )
            means += compare(batch, denseSpace, prunedSpace, &report, &divergence)
            progress(start + batch.count)
        }
        let result = PerplexityResult(
            windowMeans: means,
            tokensPerWindow: contextLength - 1,
            report: report
        )
        return (result, divergence)
    }

    /// Compares the predictions of the batch that both workspaces have just run.
    ///
    /// - Returns: Mean negative log-likelihood of each window under the pruned model.
    private func compare(
        _ batch: [[Int32]],
        _ denseSpace: Workspace,
        _ prunedSpace: Workspace,
        _ report: inout ForwardReport,
        _ divergence: inout Divergence
    ) -> [Double] {
        let start = ContinuousClock.now
        defer { report.addHeadTime(ContinuousClock.now - start) }
        var dense = Activations()
        var pruned = Activations()
        var (denseSums, prunedSums): ([Float], [Float]) = ([], [])
        var unused = ForwardReport(shape: model.shape)
        return batch.indices.map { window in
            var (denseTotal, prunedTotal) = (0.0, 0.0)
            for tile in stride(from: 0, to: contextLength - 1, by: Self.headRows) {
                let count = min(Self.headRows, contextLength - 1 - tile)
                let rows = (0..<count).map { Int32(window * contextLength + tile + $0) }
                model.logits(of: rows, workspace: denseSpace, into: &dense, report: &unused)
                model.logits(of: rows, workspace: prunedSpace, into: &pruned, report: &unused)
                model.compute.logSumExp(dense, into: &denseSums)
                model.compute.logSumExp(pruned, into: &prunedSums)
                for row in 0..<count {
                    let target = Int(batch[window][tile + row + 1])
                    denseTotal += Double(denseSums[row]) - Double(dense.row(row)[target])
                    prunedTotal += Double(prunedSums[row]) - Double(pruned.row(row)[target])
                    let token = Self.divergence(
                        of: pruned.row(row),
                        normaliser: prunedSums[row],
                        from: dense.row(row),
                        normaliser: denseSums[row]
                    )
                    divergence.add(divergence: token.divergence, agrees: token.agrees)
                }
            }
            let predicted = Double(contextLength - 1)
            divergence.add(windowChange: (denseTotal - prunedTotal) / predicted)
            return prunedTotal / predicted
        }
    }

    /// `Σ p (log p − log q)` of two distributions given as logits, and whether their maxima coincide.
    static func divergence(
        of pruned: Span<Float>,
        normaliser prunedSum: Float,
        from dense: Span<Float>,
        normaliser denseSum: Float
    ) -> (divergence: Double, agrees: Bool) {
        var sum = 0.0
        var (denseBest, prunedBest) = (0, 0)
        let shift = prunedSum - denseSum
        for token in dense.indices {
            let (p, q) = (dense[token], pruned[token])
            if p > dense[denseBest] { denseBest = token }
            if q > pruned[prunedBest] { prunedBest = token }
            let logarithm = p - denseSum
            // What is less than e^-30 of the whole adds nothing that a float can show.
            guard logarithm > -30 else { continue }
            sum += Double(exp(logarithm)) * Double(p - q + shift)
        }
        return (max(0, sum), denseBest == prunedBest)
    }
}
