public import ProbeScheduler
public import Runtime

/// Runs an engine to the end.
public enum Generation {
    /// Greedy continuations of all prompts as one batch.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - prompts: Tokens of each prompt.
    ///   - count: Tokens to generate for each.
    ///   - pruning: How to prune.
    ///   - maxNumBatchedTokens: Tokens of a prefill step.
    ///   - maskScope: Which rows share a mask.
    /// - Returns: Generated tokens of each prompt.
    /// - Throws: `RuntimeError` when a request is refused or a pass fails.
    public static func greedy(
        _ model: LoadedModel,
        _ prompts: [[Int32]],
        count: Int,
        pruning: EnginePruning = .dense,
        maxNumBatchedTokens: Int = 4_096,
        maskScope: MaskScope = .batch
    ) throws(RuntimeError) -> [[Int32]] {
        var sampling = SamplingParameters()
        sampling.maxTokens = count
        return try tokens(
            model,
            prompts,
            sampling: sampling,
            pruning: pruning,
            maxNumBatchedTokens: maxNumBatchedTokens,
            maskScope: maskScope
        )
    }

    /// Continuations of all prompts as one batch, none of which ends before its last token.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - prompts: Tokens of each prompt.
    ///   - sampling: How to draw, and how many.
    ///   - pruning: How to prune.
    ///   - maxNumBatchedTokens: Tokens of a prefill step.
    ///   - maskScope: Which rows share a mask.
    /// - Returns: Generated tokens of each prompt.
    /// - Throws: `RuntimeError` when a request is refused or a pass fails.
    public static func tokens(
        _ model: LoadedModel,
        _ prompts: [[Int32]],
        sampling: SamplingParameters,
        pruning: EnginePruning = .dense,
        maxNumBatchedTokens: Int = 4_096,
        maskScope: MaskScope = .batch
    ) throws(RuntimeError) -> [[Int32]] {
        let count = sampling.maxTokens
        let length = (prompts.map(\.count).max() ?? 0) + count + 1
        let engine = try Engine(
            model: model,
            pruning: pruning,
            configuration: SchedulerConfiguration(
                maxNumSeqs: prompts.count,
                maxNumBatchedTokens: maxNumBatchedTokens,
                maxModelLength: length,
                blockSize: KVCache.defaultBlockSize,
                blockCount: prompts.count * (length / KVCache.defaultBlockSize + 1),
                maskScope: maskScope
            )
        )
        var sampling = sampling
        sampling.ignoresEndOfText = true
        for (index, prompt) in prompts.enumerated() {
            try engine.add(
                Request(id: RequestID(index), promptTokens: prompt, sampling: sampling)
            )
        }
        var tokens = [[Int32]](repeating: [], count: prompts.count)
        while engine.hasWork {
            for output in try engine.step() {
                if let token = output.token { tokens[output.id.value].append(token) }
            }
        }
        return tokens
    }
}
