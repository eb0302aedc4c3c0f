public import ProbeScheduler
public import Runtime

extension CausalLM {
    /// One pass over whole prompts with an empty cache.
    ///
    /// - Parameters:
    ///   - prompts: Tokens of each sequence.
    ///   - pruner: Gives the masks.
    /// - Returns: The workspace as the pass leaves it, whose `normed` are the states after the final norm; and what
    ///   the pass reports.
    /// - Throws: What the pass throws.
    public func pass(
        over prompts: [[Int32]],
        pruner: inout some Pruner
    ) throws -> (workspace: Workspace, report: ForwardReport) {
        let workspace = try makeWorkspace()
        let size = KVCache.defaultBlockSize
        var cache = try makeCache(
            blockCount: prompts.reduce(0) { $0 + ($1.count + size - 1) / size }
        )
        var report = ForwardReport(shape: shape)
        try forward(
            ForwardBatch(
                tokens: prompts.flatMap(\.self),
                layout: BatchLayout(lengths: prompts.map(\.count)),
                blockSize: cache.blockSize
            ),
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        return (workspace, report)
    }
}
