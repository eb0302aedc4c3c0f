public import ProbeScheduler

/// Runs the dense model over windows of tokens and collects the history that pruning starts from.
public struct Calibrator {
    /// The model.
    public let network: CausalLM
    /// Windows a batch.
    public let batchSize: Int

    /// - Parameters:
    ///   - network: The model.
    ///   - batchSize: Windows a batch, at least 1; the result hardly depends on it.
    public init(network: CausalLM, batchSize: Int) {
        precondition(batchSize >= 1, "a batch has at least one window")
        self.network = network
        self.batchSize = batchSize
    }

    /// The running mean over all windows.
    ///
    /// - Parameters:
    ///   - windows: Tokens, each window from position 0; at least one window.
    ///   - progress: Called after each batch with the windows done.
    /// - Returns: The history.
    /// - Throws: `RuntimeError` when a pass fails.
    public func run(
        _ windows: [[Int32]],
        progress: (Int) -> Void = { _ in }
    ) throws(RuntimeError) -> ProbeHistory {
        var pruner = CalibrationPruner(
            shape: network.shape,
            positionCount: windows.map(\.count).max() ?? 1,
            policy: RatioPolicy(nominalRatio: 0)
        )
        var report = ForwardReport(shape: network.shape)
        var cache: KVCache
        let workspace: Workspace
        do {
            workspace = try network.makeWorkspace()
            cache = try network.makeCache(layerCount: 1, blockCount: 1)
        } catch {
            throw .kernel(error)
        }
        for start in stride(from: 0, to: windows.count, by: batchSize) {
            let batch = Array(windows[start..<min(start + batchSize, windows.count)])
            let input = ForwardBatch(
                tokens: batch.flatMap(\.self),
                layout: BatchLayout(lengths: batch.map(\.count)),
                blockSize: cache.blockSize
            )
            do { try cache.reserve(blockCount: input.blockCount) } catch { throw .kernel(error) }
            try network.forward(
                input,
                cache: &cache,
                pruner: &pruner,
                workspace: workspace,
                report: &report
            )
            progress(start + batch.count)
        }
        return pruner.history
    }
}
