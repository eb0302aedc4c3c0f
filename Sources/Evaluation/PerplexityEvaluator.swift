public import Kernels
public import ProbeScheduler
public import Runtime

/// Measures how well a model under one pruning method predicts a text.
///
/// The text's tokens are cut, in order, into windows without overlap; the first token of a window is
/// not predicted. Tokens left over after the last whole window are not used.
public struct PerplexityEvaluator {
    /// The model.
    public let model: CausalLM
    /// Tokens a window.
    public let contextLength: Int
    /// Windows a batch; a batch is what one mask is made for under the scope `batch`.
    public let batchSize: Int
    /// Whether a mask serves a whole batch or one window.
    public let maskScope: MaskScope

    /// Rows whose logits are held at once: 64 rows of a vocabulary of 49,152 are 12.6 MB.
    static let headRows = 64

    /// - Parameters:
    ///   - model: The model.
    ///   - contextLength: Tokens a window, at least 2.
    ///   - batchSize: Windows a batch, at least 1.
    ///   - maskScope: Whether a mask serves a whole batch or one window.
    public init(model: CausalLM, contextLength: Int, batchSize: Int, maskScope: MaskScope) {
        precondition(contextLength >= 2 && batchSize >= 1, "windows predict at least one token")
        self.model = model
        self.contextLength = contextLength
        self.batchSize = batchSize
        self.maskScope = maskScope
    }

    /// Windows of `contextLength` tokens, cut in order.
    ///
    /// - Throws: `EvaluationError.textTooShort` when there is not one whole window.
    public func windows(of tokens: [Int32], maxBatches: Int? = nil) throws(EvaluationError)
        -> [[Int32]]
    {
        let available = tokens.count / contextLength
        guard available > 0 else {
            throw .textTooShort(tokens: tokens.count, window: contextLength)
        }
        let count = min(available, maxBatches.map { $0 * batchSize } ?? available)
        return (0..<count).map { Array(tokens[$0 * contextLength..<($0 + 1) * contextLength]) }
    }

    /// Runs all windows and returns their likelihoods.
    ///
    /// - Parameters:
    ///   - windows: What `windows(of:maxBatches:)` gave.
    ///   - pruner: Decides masks; its history moves on from batch to batch.
    ///   - progress: Called after each batch with the windows done.
    /// - Returns: Likelihoods and costs.
    /// - Throws: `RuntimeError` when a pass fails.
    public func run(
        _ windows: [[Int32]],
        pruner: inout any Pruner,
        progress: (Int) -> Void = { _ in }
    ) throws(RuntimeError) -> PerplexityResult {
        var report = ForwardReport(shape: model.shape)
        var means: [Double] = []
        let workspace = try makeWorkspace()
        let size = maskScope == .sequence ? 1 : batchSize
        var cache = try makeCache(windows: min(size, windows.count))
        for start in stride(from: 0, to: windows.count, by: size) {
            let batch = Array(windows[start..<min(start + size, windows.count)])
            try model.forward(
                forwardBatch(batch, blockSize: cache.blockSize),
                cache: &cache,
                pruner: &pruner,
                workspace: workspace,
                report: &report
            )
            means += likelihoods(of: batch, workspace: workspace, report: &report)
            progress(start + batch.count)
        }
        return PerplexityResult(
            windowMeans: means,
            tokensPerWindow: contextLength - 1,
            report: report
        )
    }

    /// Logits of the first window, for comparison with other implementations.
    ///
    /// - Parameters:
    ///   - window: Tokens of one window.
    ///   - pruner: Decides masks.
    /// - Returns: `[tokens, vocabulary]`.
    /// - Throws: `RuntimeError` when the pass fails.
    public func logits(of window: [Int32], pruner: inout any Pruner) throws(RuntimeError)
        -> Activations
    {
        var report = ForwardReport(shape: model.shape)
        let workspace = try makeWorkspace()
        var cache = try makeCache(windows: 1)
        try model.forward(
            forwardBatch([window], blockSize: cache.blockSize),
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        var logits = Activations()
        model.logits(
            of: (0..<Int32(window.count)).map(\.self),
            workspace: workspace,
            into: &logits,
            report: &report
        )
        return logits
    }

    // MARK: - Parts

    /// Mean negative log-likelihood of each window of the batch that has just run.
    private func likelihoods(
        of batch: [[Int32]],
        workspace: Workspace,
        report: inout ForwardReport
    ) -> [Double] {
        let start = ContinuousClock.now
        var logits = Activations()
        var normalisers: [Float] = []
        var unused = ForwardReport(shape: model.shape)
        let means = batch.indices.map { window -> Double in
            let firstRow = window * contextLength
            var sum = 0.0
            for tile in stride(from: 0, to: contextLength - 1, by: Self.headRows) {
                let count = min(Self.headRows, contextLength - 1 - tile)
                let rows = (0..<count).map { Int32(firstRow + tile + $0) }
                model.logits(of: rows, workspace: workspace, into: &logits, report: &unused)
                model.compute.logSumExp(logits, into: &normalisers)
                for row in 0..<count {
                    let target = Int(batch[window][tile + row + 1])
                    sum += Double(normalisers[row]) - Double(logits.row(row)[target])
                }
            }
            return sum / Double(contextLength - 1)
        }
        report.addHeadTime(ContinuousClock.now - start)
        return means
    }

    func forwardBatch(_ windows: [[Int32]], blockSize: Int) -> ForwardBatch {
        ForwardBatch(
            tokens: windows.flatMap(\.self),
            layout: BatchLayout(lengths: windows.map(\.count)),
            blockSize: blockSize
        )
    }

    func makeWorkspace() throws(RuntimeError) -> Workspace {
        do { return try model.makeWorkspace() } catch { throw .kernel(error) }
    }

    /// A cache of one layer: nothing decodes from it.
    func makeCache(windows: Int) throws(RuntimeError) -> KVCache {
        let blocks = (contextLength + KVCache.defaultBlockSize - 1) / KVCache.defaultBlockSize
        do {
            return try model.makeCache(layerCount: 1, blockCount: windows * blocks)
        } catch {
            throw .kernel(error)
        }
    }
}
